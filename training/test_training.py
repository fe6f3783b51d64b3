"""Small tests of the training code. Run: python -m unittest (seconds on a CPU)."""

import random
import tempfile
import unittest
from pathlib import Path

import torch
import torch.nn.functional as F

import captions
import encoder
from assemble import assemble
from config import COLOURS, MODEL
from latents import PATCH, Map
from model import pack, positions, unpack
from muon import orthogonal
from vae import build

MAP = MODEL / "dev/vae/preview.safetensors"


class Layout(unittest.TestCase):
    def test_pack_and_back(self):
        z = torch.randn(2, 16, 6, 10)
        self.assertTrue(torch.equal(unpack(pack(z), 3, 5), z))
        self.assertEqual(positions(3, 5)[7].tolist(), [0, 1, 2])

    def test_assemble_fills_what_schnell_lacks(self):
        with tempfile.TemporaryDirectory() as d:
            model = Path(d) / "m"
            for name, text in (("dev/a", "dev"), ("dev/b", "dev"), ("schnell/b", "own")):
                (model / name).parent.mkdir(parents=True, exist_ok=True)
                (model / name).write_text(text)
            assemble(model, Path(d) / "out")
            got = {str(p.relative_to(Path(d) / "out")): p.read_text() for p in (Path(d) / "out").rglob("*") if p.is_file()}
        self.assertEqual(got, {"dev/a": "dev", "dev/b": "dev", "schnell/a": "dev", "schnell/b": "own"})


class Latents(unittest.TestCase):
    def test_the_written_encoder_is_the_map(self):
        torch.manual_seed(0)
        v, m = build(), Map(MAP)
        encoder.write(v.encoder, m)
        x = F.interpolate(torch.rand(1, 3, 16, 16), size=(256, 256), mode="bilinear") * 2 - 1
        with torch.no_grad():
            got = v.encode(x).latent_dist.mode()
        self.assertLess((got - m.to_latent(F.avg_pool2d(x, 4))).abs().max().item(), 2e-3)

    def test_a_flat_colour_survives_the_map(self):
        m = Map(MAP)
        x = torch.tensor([0.2, -0.5, 0.9])[None, :, None, None].expand(1, 3, 2 * PATCH, 2 * PATCH)
        self.assertLess((m.to_rgb(m.to_latent(x)) - x).abs().max().item(), 0.1)


class Captions(unittest.TestCase):
    def test_held_out_captions_are_never_drawn_for_training(self):
        concept, r = {"label": "red apple", "tags": ["fruit", "red", "apple"]}, random.Random(0)
        train = {captions.draw(concept, "flat", c, r) for c in COLOURS for _ in range(20)}
        held = {captions.draw(concept, "flat", c, r, held=True) for c in COLOURS}
        self.assertFalse(train & held)
        self.assertTrue(all(captions.held_out(c) for c in held))


class Optimiser(unittest.TestCase):
    def test_orthogonal_brings_singular_values_near_one(self):
        torch.manual_seed(0)
        s = torch.linalg.svdvals(orthogonal(torch.randn(3, 32, 64), 5))
        self.assertTrue(bool((s > 0.4).all() and (s < 1.5).all()))


if __name__ == "__main__":
    unittest.main()
