"""Test adapters for models with tiny models and a reference encoder."""

import numpy as np
import pytest
from benchmark import make_items
from conftest import CORPUS

from readout.benchmark.folds import build_folds
from readout.benchmark.systems.system import predict_folds
from readout.benchmark.systems.transformer import FineTuned, ZeroShotInference, map_inference
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_corpus


@pytest.fixture(scope="module")
def items():
    corpus = read_corpus(CORPUS)[0]
    return {name: TASKS[name].build(corpus) for name in TASKS}


# ---------------------------------------------------------------- transformers


def test_inference_labels_are_identified_by_name():
    assert map_inference({"CONTRADICTION": 0, "neutral": 1, "Entailment": 2}, "stance") == {
        2: "favor",
        0: "against",
        -1: "none",
    }
    with pytest.raises(ValueError, match="'entailment'"):
        map_inference({"LABEL_0": 0, "contradiction": 1}, "polarity")


def write_model(folder, label2id):
    """Write a BERT of a few hundred weights with a vocabulary of letters."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")

    letters = [chr(code) for code in range(33, 127)]
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{letter}" for letter in letters),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8", newline="\n")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        label2id=label2id,
        id2label={number: name for name, number in label2id.items()},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.models
def test_fine_tuning_is_repeatable_and_names_its_labels(tmp_path, items):
    model = write_model(tmp_path, {"x": 0, "y": 1})
    folds = build_folds("event", items["stance"])
    first, second = (
        predict_folds(lambda: FineTuned(model, "stance", epochs=1), items["stance"], folds)
        for _ in range(2)
    )
    assert first == second
    assert set(first) <= set(TASKS["stance"].labels)


@pytest.mark.models
def test_fine_tuning_learns(tmp_path):
    from msgspec.structs import replace

    question = {"holder_name": "A", "proposition": "B"}
    items = [
        replace(item, inputs={**question, "text": "aaaa" if item.gold == "favor" else "zzzz"})
        for item in make_items(["favor", "against"] * 8, ["e"] * 16)
    ]
    system = FineTuned(
        write_model(tmp_path, {"x": 0, "y": 1}), "polarity", epochs=30, learning_rate=1e-2
    )
    system.fit(items)
    assert system.predict(items) == [item.gold for item in items]


@pytest.mark.models
def test_zero_shot_inference_answers_with_names(tmp_path, items):
    model = write_model(tmp_path, {"contradiction": 0, "neutral": 1, "entailment": 2})
    answers = ZeroShotInference(model, "polarity").predict(items["polarity"])
    assert set(answers) <= set(TASKS["polarity"].labels)
    assert len(answers) == len(items["polarity"])


# ---------------------------------------------------------------- the encoder


@pytest.mark.models
def test_the_encoder_agrees_with_transformers(tmp_path):
    """The forward pass in NumPy gives the reference's vectors after mean pooling."""
    pytest.importorskip("safetensors")
    from readout.benchmark.systems.encoder import read_encoder

    write_model(tmp_path, {"x": 0, "y": 1})
    import torch
    import transformers

    reference = transformers.BertModel.from_pretrained(tmp_path)
    reference.save_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    encoder = read_encoder(tmp_path)
    for text in ("a fair toll", "Iron Toll!", "x"):
        with torch.no_grad():
            hidden = reference.eval()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        mean = hidden.mean(0).numpy()
        assert encoder.embed(text) == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
