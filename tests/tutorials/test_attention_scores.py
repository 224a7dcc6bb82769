"""The tutorial on attention scores."""

import pytest

from keras_attn.applications import EncoderDecoder, LuongTranslator
from tests.tutorials.running import check_picture, imported, run

pytestmark = pytest.mark.once


@pytest.mark.training
def test_some_scores(tmp_path):
    scores = ["general", "monotonic", "none"]
    printed, figures = run(
        "attention_scores", tmp_path, "--score", *scores, "--units", "8", "--embedding", "8",
        "--epochs", "1", "--examples", "128", backend="torch",
    )  # fmt: skip
    assert list(figures["scores"]) == scores
    for score in scores:
        assert 0 <= figures["scores"][score]["error"] <= 100
        assert score in printed
    for name in ("attention_scores.png", "attention_scores_alignments.png"):
        check_picture(tmp_path / "pictures" / name)


def test_every_score_makes_a_model(monkeypatch):
    module = imported("attention_scores", monkeypatch)
    options = module.parse_arguments(["--units", "6", "--embedding", "4"])
    for score, attention in module.SCORES.items():
        model = module.make_model(score, (12, 11), options)
        assert (model.units, model.embedding_units) == (6, 4)
        if attention is None:
            assert isinstance(model, EncoderDecoder)
        else:
            assert isinstance(model, LuongTranslator)
            assert type(model.attention) is type(attention(6))
