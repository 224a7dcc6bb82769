"""The tutorial on Neural Turing Machines, with all tasks."""

import pytest

from tests.tutorials.running import check_picture, imported, run

pytestmark = [pytest.mark.once, pytest.mark.training]


def test_sorting_beside_an_lstm(tmp_path):
    printed, figures = run(
        "neural_turing_machine", tmp_path, "--task", "sort", "--networks", "ntm", "lstm",
        "--units", "8", "--heads", "1", "--locations", "16", "--width", "6", "--batches", "4",
        "--batch-size", "2", "--test-sequences", "2", "--seeds", "0", "1", "--weights", "weights",
        backend="torch",
    )  # fmt: skip
    assert set(figures["networks"]) == {"ntm", "lstm"}
    for network, runs in figures["networks"].items():
        assert [each["seed"] for each in runs] == [0, 1]
        for each in runs:
            cost = each["tests"]["16 of 20"]["bits_per_sequence"]
            # Random bits cost about one bit each.
            assert 0.8 < cost / (16 * 8) < 1.3
            assert f"{cost:.4f}" in printed
            assert each["history"]["sequences"][-1] == pytest.approx(0.008)
        for seed in (0, 1):
            assert (tmp_path / "weights" / f"sort_{network}_{seed}.keras").exists()
    for name in ("sort_ntm", "sort_lstm", "sort_memory", "sort_curves"):
        check_picture(tmp_path / "pictures" / f"{name}.png")
    check_picture(tmp_path / "pictures" / "sort_memory.gif")


@pytest.mark.parametrize("name", ["copy", "repeat_copy", "recall", "ngrams"])
def test_every_task_can_be_made_and_tried(name, monkeypatch):
    tutorial = imported("neural_turing_machine", monkeypatch)
    task = tutorial.TASKS[name]
    options = tutorial.parse_arguments(["--task", name])
    assert tutorial.make_model("lstm", task.task, options).num_layers == 3
    options = tutorial.parse_arguments(["--task", name, "--units", "4", "--heads", "2"])
    model = tutorial.make_model("ntm", task.task, options)
    assert model.cell.num_read_heads == model.cell.num_write_heads == 2
    assert len(task.tests) >= 1
    for make in task.tests.values():
        inputs, targets, weights = make(batch_size=1, steps_per_epoch=1)[0]
        assert inputs.shape[-1] == model.input_channels
        assert targets.shape[-1] == model.output_channels
        assert weights.any()


def test_the_best_guess_costs_less_than_a_coin(monkeypatch):
    tutorial = imported("neural_turing_machine", monkeypatch)
    sequences = tutorial.TASKS["ngrams"].task(batch_size=50, steps_per_epoch=2)
    assert 110 < tutorial.cost_of_the_best_guess(sequences) < 150
