"""CLIP in place of our own encoder, with tiny random ones that were saved as people save them; no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    GPT2Config,
)

from gansuite.core.errors import GansuiteError
from gansuite.poetry.networks.clip import ClipEncoder, build, describe
from gansuite.poetry.palette import moods, palettes
from gansuite.poetry.vision import load_clip

LABELS = ("old_house", "rose", "sea")
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder with a tiny CLIP whose tokenizer spells every word."""
    letters = [*pre_tokenizers.ByteLevel.alphabet()]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    end = len(pieces) - 1
    text = CLIPTextConfig(vocab_size=len(pieces), bos_token_id=end - 1, eos_token_id=end, pad_token_id=end, **SIZES)
    vision = CLIPVisionConfig(image_size=32, patch_size=8, **SIZES)
    torch.manual_seed(0)
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=12)
    CLIPModel(config).save_pretrained(tmp_path / "clip")
    CLIPTokenizer(vocab=numbers, merges=[]).save_pretrained(tmp_path / "clip")
    told = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
    (tmp_path / "clip" / "preprocessor_config.json").write_text(json.dumps(told))
    return tmp_path / "clip"


def shown(count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_clip_answers_as_our_own_encoder_does(clip: Path) -> None:
    eyes = load_clip(str(clip), LABELS)
    seen = eyes(shown())
    assert eyes.labels == LABELS
    assert [part.shape[1] for part in seen] == [12, 3, 6, 4]
    assert eyes.code(shown()).shape == (3, eyes.code_size) == (3, 12 + 3 + 6 + 4)
    assert torch.equal(seen.mood.argmax(1), moods(palettes(shown())))
    assert not any(weight.requires_grad for weight in eyes.parameters())


def test_labels_are_cosines_with_what_clip_makes_of_their_words(clip: Path) -> None:
    from transformers import AutoTokenizer

    seen = load_clip(str(clip), LABELS)(shown())
    whole = CLIPModel.from_pretrained(clip).eval()
    large = torch.nn.functional.interpolate(shown(), size=(32, 32), mode="bicubic").clamp(-1, 1) / 2 + 0.5
    mean, deviation = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.4])
    words = AutoTokenizer.from_pretrained(clip)(
        ["a photo of a old house", "a photo of a rose", "a photo of a sea"], padding=True, return_tensors="pt"
    )
    prepared = (large - mean[:, None, None]) / deviation[:, None, None]
    with torch.no_grad():
        expected = whole(pixel_values=prepared, **words).logits_per_image
    torch.testing.assert_close(seen.labels, expected, atol=1e-4, rtol=1e-4)
    assert float(expected.std()) > 0


def test_the_same_network_is_built_from_its_description_alone(clip: Path) -> None:
    eyes = load_clip(str(clip), LABELS)
    again = build(json.loads(json.dumps(describe(eyes))))
    again.load_state_dict(eyes.state_dict())
    assert isinstance(again, ClipEncoder)
    assert torch.equal(again.eval().code(shown()), eyes.code(shown()))


def test_a_clip_without_words_knows_no_labels(clip: Path, tmp_path: Path) -> None:
    config = CLIPVisionConfig(image_size=32, patch_size=8, projection_dim=12, **SIZES)
    CLIPVisionModelWithProjection(config).save_pretrained(tmp_path / "eyes")
    for file in clip.glob("*token*"):
        file.unlink()
    for folder in (clip, tmp_path / "eyes"):
        eyes = load_clip(str(folder), LABELS)
        assert eyes.labels == ()
        assert eyes.code(shown()).shape == (3, 12 + 0 + 6 + 4)


def test_what_is_no_clip_says_so(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(GansuiteError, match="could not be loaded"):
        load_clip(str(tmp_path))
    with pytest.raises(GansuiteError, match="no folder"):
        load_clip(str(tmp_path / "missing"))
    (tmp_path / "gpt").mkdir()
    GPT2Config().save_pretrained(tmp_path / "gpt")
    with pytest.raises(GansuiteError, match="kind 'gpt2', not CLIP"):
        load_clip(str(tmp_path / "gpt"))
    (clip / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(GansuiteError, match="could not be loaded"):
        load_clip(str(clip))
