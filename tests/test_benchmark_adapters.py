"""Test adapters for models with a local chat endpoint, tiny models and a reference encoder."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from benchmark import make_items
from conftest import CORPUS

from readout.benchmark.folds import build_folds
from readout.benchmark.scoring.scores import Score
from readout.benchmark.systems.chat import PROMPTS, Chat, format_prompt, parse_reply
from readout.benchmark.systems.system import predict_folds
from readout.benchmark.systems.transformer import FineTuned, ZeroShotInference, map_inference
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_corpus


@pytest.fixture(scope="module")
def items():
    corpus = read_corpus(CORPUS)[0]
    return {name: TASKS[name].build(corpus) for name in TASKS}


# ---------------------------------------------------------------- chat


@pytest.fixture
def endpoint():
    """Yield the address of a local chat endpoint, its replies and the requests that it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append((self.path, self.headers, body))
            reply = replies[(len(requests) - 1) % len(replies)]
            self.send_response(200 if isinstance(reply, str) else reply)
            self.end_headers()
            content = reply if isinstance(reply, str) else ""
            self.wfile.write(json.dumps({"choices": [{"message": {"content": content}}]}).encode())

        def log_message(self, *arguments):
            pass

    replies, requests = [], []
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/", replies, requests
    server.shutdown()
    thread.join()
    server.server_close()


def test_chat_asks_for_json_and_accepts_nothing_else(endpoint, items, monkeypatch):
    url, replies, requests = endpoint
    monkeypatch.setenv("READOUT_TEST_KEY", "sesame")
    replies += [
        '{"label":"favor"}',
        "favor",
        500,
        '{"label":"pro"}',
        '{"label":"against","why":"x"}',
        "{",
    ]
    chat = Chat(url, "tiny", key_variable="READOUT_TEST_KEY")
    asked = items["polarity"][:6]
    assert predict_folds(lambda: chat, asked, build_folds("zero-shot", asked)) == [
        "favor",
        *[None] * 5,
    ]
    assert [refused.id for refused in chat.refused] == [item.id for item in asked[1:]]
    path, headers, body = requests[0]
    assert (path, headers["Authorization"]) == ("/v1/chat/completions", "Bearer sesame")
    assert (body["model"], body["temperature"], body["response_format"]) == (
        "tiny",
        0,
        {"type": "json_object"},
    )
    assert asked[0].inputs["text"] in body["messages"][0]["content"]
    score = Score(
        "chat",
        asked,
        dict(zip((i.id for i in asked), ["favor", *[None] * 5], strict=True)),
        "zero-shot",
    )
    assert score.total("answered") == 1


def test_an_unreachable_endpoint_gives_no_answer(items):
    chat = Chat("http://127.0.0.1:9", "tiny", timeout=2)
    assert chat.predict(items["polarity"][:1]) == [None]
    assert "no reply" in chat.refused[0].reply
    with pytest.raises(ValueError, match="http"):
        Chat("file:///etc", "tiny")


def test_prompts_contain_the_question_but_not_the_id(items):
    for task in PROMPTS:
        for item in items[task]:
            prompt = format_prompt(item)
            assert item.inputs["text"] in prompt
            assert item.id not in prompt
            assert "{" in prompt


def test_passages_must_be_copied_and_unique(items):
    item = items["evidence"][0]
    text = item.inputs["text"]
    (start, end), *_ = item.gold
    assert parse_reply(json.dumps({"evidence": [text[start:end]]}), item) == [[start, end]]
    assert parse_reply(json.dumps({"evidence": []}), item) == []
    for wrong in (
        {"evidence": ["not there at all"]},
        {"evidence": ["e"]},
        {"evidence": "x"},
        {"evidence": [""]},
        [],
    ):
        assert parse_reply(json.dumps(wrong), item) is None
    speaker = items["attribution"][0]
    assert parse_reply(json.dumps({"label": speaker.gold}), speaker) == speaker.gold
    assert parse_reply('{"label": "nobody"}', speaker) is None


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
