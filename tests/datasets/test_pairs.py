"""Parallel texts, columns of words, dates, and batches of pairs."""

import gzip
import re

import numpy as np
import pytest

from keras_attn.datasets import (
    SequencePairs,
    date_pairs,
    headline_pairs,
    parallel_text,
    romanized_words,
    word_pairs,
)

pytestmark = pytest.mark.once


def test_parallel_text_plain_and_packed(tmp_path):
    (tmp_path / "train.de").write_text("eins\n\nzwei\u2028drei\n", encoding="utf-8")
    with gzip.open(tmp_path / "train.en.gz", "wt", encoding="utf-8") as file:
        file.write("\ufeffone\r\nempty\r\ntwo\rthree\r\n")
    sources, targets = parallel_text(tmp_path, "de", "en")
    assert sources == ["eins", "zwei\u2028drei"]  # a separator inside of a line is no end of it
    assert targets == ["one", "two\rthree"]


def test_parallel_text_that_does_not_fit(tmp_path):
    (tmp_path / "val.de").write_text("eins\n")
    with pytest.raises(FileNotFoundError, match=r"val\.en"):
        parallel_text(tmp_path, "de", "en", "val")
    (tmp_path / "val.en").write_text("one\ntwo\n")
    with pytest.raises(ValueError, match=r"equally many lines\. Received: 1 and 2"):
        parallel_text(tmp_path, "de", "en", "val")


def test_word_pairs(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("ank\tअंक\t5\n\nanka\tअंक\t1\n\tअंक\t2\nabc\t\t3\n", encoding="utf-8")
    assert word_pairs(path) == (["ank", "anka"], ["अंक", "अंक"])
    assert word_pairs(path, 1, 0) == (["अंक", "अंक"], ["ank", "anka"])
    with pytest.raises(ValueError, match=r"4 columns.*line 1 of words.tsv has 3"):
        word_pairs(path, 0, 3)
    with pytest.raises(ValueError, match="`source` must be an integer >= 0"):
        word_pairs(path, -1, 0)


def test_quotation_marks_are_ordinary_characters(tmp_path):
    (tmp_path / "words.tsv").write_text('"ank\tअंक\nab"\tअब\n', encoding="utf-8")
    assert word_pairs(tmp_path / "words.tsv") == (['"ank', 'ab"'], ["अंक", "अब"])
    for name in ("train.de", "train.en"):
        (tmp_path / name).write_text('"Ein Hund\nEine Katze\n', encoding="utf-8")
    assert parallel_text(tmp_path, "de", "en")[0] == ['"Ein Hund', "Eine Katze"]


@pytest.mark.parametrize("name", ["train.de", "train.de.gz"])
def test_a_file_that_is_not_utf_8_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"caf\xe9\n")
    (tmp_path / "train.en").write_text("cafe\n")
    with pytest.raises(ValueError, match=rf"must be UTF-8.*{re.escape(name)}"):
        parallel_text(tmp_path, "de", "en")
    packed = gzip.compress(b"one\n" * 1000)
    (tmp_path / "cut.tsv.gz").write_bytes(packed[:-8])
    with pytest.raises(ValueError, match=r"must be UTF-8.*cut\.tsv\.gz"):
        word_pairs(tmp_path / "cut.tsv")


def test_real_texts(data_folder):
    sources, targets = parallel_text(data_folder / "multi30k", "de", "en")
    assert len(sources) == len(targets) == 29_000
    assert sources[0].startswith("Zwei junge weiße Männer")
    sources, targets = word_pairs(data_folder / "dakshina_hi" / "hi.translit.sampled.test.tsv")
    assert len(sources) == 4502
    assert (sources[0], targets[0]) == ("ank", "अंक")


def test_no_two_dates_have_the_same_text():
    meanings = {}
    for seed in range(4):
        for text, date in zip(*date_pairs(num_pairs=20_000, seed=seed), strict=True):
            assert meanings.setdefault(text, date) == date


def test_days_of_the_splits_differ():
    train = set(date_pairs("train", 50_000, seed=5)[1])
    test = set(date_pairs("test", 5000)[1])
    assert len(test) > 2000
    assert not train & test


def test_dates_do_not_depend_on_how_many_follow():
    assert date_pairs(num_pairs=10)[0] == date_pairs(num_pairs=20)[0][:10]
    assert date_pairs(seed=1)[0] != date_pairs(seed=2)[0]
    with pytest.raises(ValueError, match="`split` must be"):
        date_pairs("val")


def pairs(**further):
    generator = np.random.default_rng(0)
    sources = [generator.integers(4, 9, length).tolist() for length in range(1, 30)]
    targets = [[*source, 4] for source in sources]
    return SequencePairs(sources, targets, **{"batch_size": 4, **further}), sources


def rows(dataset):
    for index in range(len(dataset)):
        inputs, labels = dataset[index]
        yield from zip(inputs["source"], inputs["target"], labels, strict=True)


def test_batches_hold_every_pair_once_for_teacher_forcing():
    dataset, sources = pairs()
    found = []
    for source, target, labels in rows(dataset):
        kept = source[source != 0].tolist()
        assert kept[-1] == 2
        if not labels.any():  # of a batch that is not full
            assert not target.any()
            assert kept == [2]
            continue
        assert target[target != 0].tolist() == [1, *kept[:-1], 4]
        assert labels[labels != 0].tolist() == [*kept[:-1], 4, 2]
        found.append(kept[:-1])
    assert sorted(found) == sorted(sources)


def test_shapes_are_few_and_lengths_alike():
    dataset, _ = pairs()
    for inputs, labels in (dataset[index] for index in range(len(dataset))):
        assert inputs["source"].shape[0] == inputs["target"].shape[0] == 4
        assert inputs["source"].shape[1] % 8 == inputs["target"].shape[1] % 8 == 0
        assert labels.dtype == inputs["source"].dtype == np.int32
        lengths = [(row != 0).sum() for row in labels if row.any()]
        assert max(lengths) - min(lengths) <= 8 + 4


def test_epochs_differ_and_can_be_repeated():
    def order(dataset):
        return [tuple(row[0].tolist()) for row in rows(dataset)]

    first, second = pairs()[0], pairs()[0]
    begin = order(first)
    assert begin == order(second)
    first.on_epoch_end()
    assert order(first) != begin
    still = pairs(shuffle=False)[0]
    begin = order(still)
    still.on_epoch_end()
    assert order(still) == begin


def test_pairs_that_are_refused_or_left_out():
    assert pairs(max_length=10)[0].num_pairs == 8
    with pytest.raises(ValueError, match=r"equally many\. Received: 1 and 2"):
        SequencePairs([[4]], [[4], [5]])
    with pytest.raises(ValueError, match="`sources` must hold a pair"):
        SequencePairs([], [])
    with pytest.raises(ValueError, match="positive integers"):
        SequencePairs([[0]], [[4]])
    for wrong in (["abc"], [[4.5]], [4]):
        with pytest.raises(ValueError, match="`targets` must be lists of integers"):
            SequencePairs([[4]], wrong)
    with pytest.raises(ValueError, match="`batch_size`"):
        SequencePairs([[4]], [[4]], batch_size=0)
    inputs, labels = SequencePairs([[]], [[]], 1)[0]  # nothing but its end
    assert inputs["source"][0, 0] == labels[0, 0] == 2


def test_romanized_words_can_be_read_in_one_way():
    latin, cyrillic = romanized_words(num_pairs=20_000)
    meanings = dict(zip(latin, cyrillic, strict=True))
    assert all(meanings[word] == native for word, native in zip(latin, cyrillic, strict=True))
    assert len(set(cyrillic)) == len(meanings) > 10_000
    assert re.fullmatch(r"[a-z ]+", " ".join(latin))
    assert re.fullmatch(r"[а-я ]+", " ".join(cyrillic))
    assert meanings.keys().isdisjoint(romanized_words("test", 5000)[0])


def test_romanized_words_of_a_seed():
    assert romanized_words(num_pairs=5) == tuple(side[:5] for side in romanized_words(num_pairs=9))
    assert romanized_words(seed=1) != romanized_words(seed=2)
    with pytest.raises(ValueError, match="`split` must be"):
        romanized_words("val")
    with pytest.raises(ValueError, match="`max_syllables` must be"):
        romanized_words(max_syllables=0)


def test_headlines_are_made_of_their_sentences():
    sentences, headlines = headline_pairs(num_pairs=3000)
    assert len(set(sentences)) > 2900
    made = {
        "kills",
        "strike",
        "for",
        "beat",
        "exports",
        "up",
        "end",
        "rescued",
        "after",
        "arrested",
        "resigns",
        "jailed",
    }
    for sentence, headline in zip(sentences, headlines, strict=True):
        assert "{" not in sentence + headline
        # What is not in the sentence is of the few words of the desk.
        wanted, there = (set(re.findall(r"\w+", text)) for text in (headline, sentence))
        assert wanted - there <= made | {"in", "to"}
    assert set(sentences).isdisjoint(headline_pairs("test", 1000)[0])
    assert headline_pairs(num_pairs=3) == tuple(side[:3] for side in headline_pairs(num_pairs=5))
    with pytest.raises(ValueError, match="`split` must be"):
        headline_pairs("val")
