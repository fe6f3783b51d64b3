"""Small tests of the training code. Run: python -m unittest (seconds on a CPU)."""

import random
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import captions
import encoder
from assemble import assemble
from config import COLOURS, MODEL
from latents import PATCH, Map
from layout import ONE, PICTURE, exactly, round_all
from lora import pixel
from lora import save as write_lora
from model import pack, positions, unpack
from muon import orthogonal
from places import apart
from recall import Recall, settle
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


class Memory(unittest.TestCase):
    def test_recall_gives_each_place_its_own_units(self):
        torch.manual_seed(0)
        counts = torch.tensor([4, 0, 8, 4])
        net = Recall(5, 6, counts, 3)
        torch.nn.init.normal_(net.outward)
        code = torch.randn(2, 6)
        with torch.no_grad():
            got = net.everywhere(code)
            h = F.gelu(code @ net.inward + net.bias, approximate="tanh")
            for p, c in enumerate(counts.tolist()):
                mine = slice(net.first[p], net.first[p] + c)
                self.assertLess((got[p] - h[:, mine] @ net.outward[mine]).abs().max().item(), 1e-4)
        self.assertEqual(sorted(net.order.tolist()), [0, 1, 2, 3])

    def test_settling_finds_the_outputs_that_made_the_goal(self):
        torch.manual_seed(0)
        net = Recall(60, 6, torch.tensor([4, 8]), 3).requires_grad_(False)
        torch.nn.init.normal_(net.outward)
        goal = net.everywhere(net.codes())
        net.outward.zero_()
        settle(net, SimpleNamespace(goal=goal), 0.0, torch.ones(2, 60), draws=1)
        self.assertLess((net.everywhere(net.codes()) - goal).square().mean().item(), 0.02 * goal.square().mean().item())

    def test_a_rounded_bias_keeps_its_rest(self):
        linear = torch.nn.Linear(256, 1).requires_grad_(False)
        linear.weight.zero_()
        exactly(linear, 0, 885.3)
        round_all(linear)
        x = torch.zeros(1, 256)
        x[0, ONE] = 1
        self.assertLess(abs(linear(x).item() - 885.3), 0.01)

    def test_place_codes_are_far_apart(self):
        u = apart(24, 8)
        self.assertLess((u @ u.T - torch.eye(24)).max().item(), 0.5)


class LoRA(unittest.TestCase):
    def test_plain_colours_stay_under_the_pixel_file(self):
        m = Map(MAP)
        (down, up), = pixel(m).values()
        plain = torch.eye(3).repeat_interleave(PATCH**2, 1) @ m.encode
        picture = torch.zeros(3, 256)
        picture[:, PICTURE : PICTURE + 64] = plain.repeat_interleave(4, 1)
        self.assertLess((picture @ (up @ down).T).abs().max().item(), 0.05)

    def test_each_key_style_is_written(self):
        pair = torch.zeros(2, 256), torch.zeros(256, 2)
        for style, layer, key in (("peft", "single_transformer_blocks.3.proj_out", "transformer.single_transformer_blocks.3.proj_out.lora_A.weight"),
                                  ("bfl", "proj_out", "final_layer.linear.lora_A.weight"),
                                  ("kohya", "proj_out", "lora_unet_final_layer_linear.lora_down.weight"),
                                  ("xlabs", "transformer_blocks.1.attn.to_out.0", "double_blocks.1.processor.proj_lora1.down.weight")):
            with tempfile.TemporaryDirectory() as d:
                write_lora({layer: pair}, style, Path(d) / "x.safetensors")
                self.assertIn(key, load_file(Path(d) / "x.safetensors"))


class Optimiser(unittest.TestCase):
    def test_orthogonal_brings_singular_values_near_one(self):
        torch.manual_seed(0)
        s = torch.linalg.svdvals(orthogonal(torch.randn(3, 32, 64), 5))
        self.assertTrue(bool((s > 0.4).all() and (s < 1.5).all()))


if __name__ == "__main__":
    unittest.main()
