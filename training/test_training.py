"""Small tests of the training code. Run: python -m unittest (seconds on a CPU)."""

import random
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from diffusers import FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file, save_file

import captions
import encoder
import scenes
import slots
import times
import tokens
from assemble import assemble
from config import COLOURS, MODEL
from distil import shifted
from latents import PATCH, Map
from layout import CODE, OFFSET, ONE, WIDTH, exactly, round_all
from lora import LOOKS, named, squares
from model import autoencoder, pack, positions, save, unpack
from muon import Muon, orthogonal
from places import FAR, LINES, apart
from recall import Recall, settle, signed
from refiner import fold, place_map, unfold
from runs import Run
from scenes import by_colour
from shapes import shift
from sheet import sigmas

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

    def test_assemble_merges_schnell_s_lora(self):
        with tempfile.TemporaryDirectory() as d:
            folder, lora = Path(d) / "dev/transformer", Path(d) / "schnell/pytorch_lora_weights.safetensors"
            folder.mkdir(parents=True), lora.parent.mkdir()
            save_file({"x.weight": torch.ones(3, 2)}, folder / "diffusion_pytorch_model.safetensors")
            save_file({"transformer.x.lora_A.weight": torch.full((1, 2), 2.0), "transformer.x.lora_B.weight": torch.full((3, 1), 0.5)}, lora)
            assemble(Path(d), Path(d) / "out")
            got = [load_file(Path(d) / "out" / v / "transformer/diffusion_pytorch_model.safetensors")["x.weight"].unique().item() for v in ("dev", "schnell")]
        self.assertEqual(got, [1, 2])


class Latents(unittest.TestCase):
    def test_the_written_encoder_is_the_map(self):
        torch.manual_seed(0)
        v, m = autoencoder(), Map(MAP)
        encoder.write(v.encoder, m)
        x = F.interpolate(torch.rand(1, 3, 16, 16), size=(256, 256), mode="bilinear") * 2 - 1
        with torch.no_grad():
            got = v.encode(x).latent_dist.mode()
        self.assertLess((got - m.to_latent(F.avg_pool2d(x, 4))).abs().max().item(), 2e-3)

    def test_the_tail_is_the_encoder_s_inner_part(self):
        torch.manual_seed(0)
        v, m = autoencoder(), Map(MAP)
        encoder.write(v.encoder, m)
        tail, x = encoder.Tail(v.encoder), torch.rand(1, 3, 256, 256) * 2 - 1
        self.assertTrue(tail.silent())
        tail.wake()
        self.assertFalse(tail.silent())
        torch.nn.init.normal_(tail.down_blocks[-1].resnets[0].conv2.weight, std=0.01)   # as if it were trained
        with torch.no_grad():
            whole, part = v.encode(x).latent_dist.mode(), tail(F.avg_pool2d(x, 4))
        self.assertLess((whole - part).abs().max().item(), 2e-3)
        self.assertGreater((part - m.to_latent(F.avg_pool2d(x, 4))).abs().max().item(), 0.02)

    def test_what_eight_bits_hold_is_stored_so(self):
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.plain, self.fine = torch.nn.Parameter(torch.tensor([0.0, 1.5, -448])), torch.nn.Parameter(torch.tensor([0.0, 1.01]))

            def save_pretrained(self, folder: Path) -> None:
                save_file(self.state_dict(), folder / "diffusion_pytorch_model.safetensors")
                (folder / "config.json").write_text('{\n  "_name_or_path": "here",\n  "a": 1\n}\n')

        with tempfile.TemporaryDirectory() as d:
            save(Net(), Path(d))
            got, config = load_file(Path(d) / "diffusion_pytorch_model.safetensors"), (Path(d) / "config.json").read_text()
        self.assertEqual((got["plain"].dtype, got["fine"].dtype), (torch.float8_e4m3fn, torch.bfloat16))
        self.assertEqual(got["plain"].float().tolist(), [0.0, 1.5, -448])
        self.assertEqual(config, '{\n  "a": 1\n}\n')

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

    def test_scenes_name_their_things_in_order(self):
        concepts = [{"label": label, "tags": [label]} for label in ("pig", "hen", "cow")]
        words, r = captions.Words(concepts), random.Random(0)
        for _ in range(200):
            text = captions.scene([2, 0], concepts, words, "flat", "white", r)
            first, second = text.index("cow"), text.index("pig")
            self.assertEqual(first < second, "right of" not in text and "to the right" not in text, text)
            text = captions.scene([1, 1, 1], concepts, words, "flat", "white", r)
            self.assertRegex(text, r"(three|3) (\w+ )?hen")


    def test_told_captions_name_their_thing_first_among_words_that_name_nothing(self):
        concepts = [{"label": "red apple", "tags": ["fruit"]}, {"label": "dog", "tags": ["puppy"]}]
        words, r = captions.Words(concepts, ["the", "apple", "dogs", "puppies", "quiet", "river", "of", "flat"]), random.Random(0)
        self.assertEqual(words.strange, ["the", "quiet", "river"])
        for _ in range(200):
            text = captions.told(1, "dog", words, "flat", "navy", r)
            places = {w: text.find(w) for w in (*words.all, "flat") if w in text}
            self.assertIn("flat", places)
            self.assertIn(min((w for w in places if w != "flat"), key=places.get), ("dog", "puppy"), text)
            self.assertRegex(text, "navy background$")
            self.assertNotRegex(text, "and (a |the |my )?(red )?apple", "two things are a scene")


class Tokens(unittest.TestCase):
    def test_clip_s_tokenizer_knows_every_byte_and_learns_words(self):
        with tempfile.TemporaryDirectory() as d:
            t = tokens.clip(["a fox", "the fox", "fox, 3d style"] * 4, 600, Path(d))
        self.assertEqual(t.decode(t("A fox caf\u00e9", add_special_tokens=False).input_ids).strip(), "a fox caf\u00e9")
        self.assertEqual(len(t("fox").input_ids), 3)

    def test_t5_s_tokenizer_has_t5_s_numbers(self):
        concepts = [{"label": label, "tags": []} for label in ("pig", "hen", "cow")]
        with tempfile.TemporaryDirectory() as d:
            t = tokens.t5(tokens.lines(concepts, 4, 0), 300, Path(d))
        self.assertEqual((t.pad_token_id, t.eos_token_id, t.unk_token_id), (0, 1, 2))
        self.assertEqual(t.decode(t("cow on a teal background").input_ids, skip_special_tokens=True), "cow on a teal background")


class Scenes(unittest.TestCase):
    def test_things_stand_in_a_row_about_the_middle(self):
        for h, w in ((16, 16), (12, 21), (10, 24), (14, 18), (5, 12)):
            shown = slots.spots(h, w, shift(h, w)).view(slots.SLOTS, h, w) < slots.PLACES
            self.assertEqual(shown.sum((1, 2)).tolist(), [slots.PLACES] * slots.SLOTS)
            y, x = shown.any(0).nonzero().float().mean(0).tolist()
            self.assertLessEqual(max(abs(y - (h - 1) / 2), abs(x - (w - 1) / 2)), 0.5)

    def test_a_scene_shows_each_thing_at_its_places(self):
        torch.manual_seed(0)
        alone, things = (torch.rand(4, slots.PLACES, 64), torch.rand(4, slots.PLACES, 3, 64)), (torch.rand(4, slots.PLACES, 64), torch.rand(4, slots.PLACES, 3, 64))
        colour, clear = scenes.Latents.of(alone, things).gather(torch.tensor([[2, -1, 1]]), 12, 21)
        left, middle, right = slots.spots(12, 21, shift(12, 21)) < slots.PLACES
        self.assertLess((colour[0, left] - things[0][2]).abs().max().item(), 2e-3)
        self.assertLess((clear[0, right] - things[1][1]).abs().max().item(), 2e-3)
        self.assertLess((colour[0, middle] - alone[0][0, 0]).abs().max().item(), 2e-3)


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

    def test_the_way_of_an_eigenvector_is_the_same_however_it_comes(self):
        v = torch.linalg.qr(torch.randn(20, 14))[0]
        flipped = v * torch.where(torch.rand(14) < 0.5, -1, 1)
        self.assertTrue(torch.equal(signed(v), signed(flipped)))
        self.assertTrue(torch.equal(signed(v).abs(), v.abs()))

    def test_settling_finds_the_outputs_that_made_the_goal(self):
        torch.manual_seed(0)
        net = Recall(60, 6, torch.tensor([4, 8]), 3).requires_grad_(False)
        torch.nn.init.normal_(net.outward)
        goal = net.everywhere(net.codes())
        net.outward.zero_()
        settle(net, SimpleNamespace(goal=goal), net.codes()[None], torch.ones(2, 60))
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
        u = apart(len(LINES), 8)
        self.assertLess((u @ u.T - torch.eye(len(LINES))).max().item(), 0.5)


class Refining(unittest.TestCase):
    def test_a_modulation_is_folded_and_back(self):
        torch.manual_seed(0)
        own = torch.nn.Linear(WIDTH, 6).requires_grad_(False)
        own.weight[:, ONE] = 0
        folded = torch.nn.Linear(WIDTH, 6).requires_grad_(False)
        fold(folded, own, torch.full((CODE + 3,), OFFSET))
        round_all(folded)
        vec = torch.randn(3, WIDTH)
        heard = vec.clone()
        heard[:, : CODE + 3] += OFFSET
        heard[:, ONE] = 1
        vec[:, ONE] = 0
        self.assertLess((folded(heard) - own(vec)).abs().max().item(), 0.05)
        unfold(folded, torch.full((CODE + 3,), OFFSET))
        self.assertLess((folded(vec) - own(vec)).abs().max().item(), 0.05)

    def test_every_grid_shows_its_places(self):
        nothing = 16 * 16 + 8 * 8
        self.assertEqual(place_map(16, 16, shift(16, 16), FAR).tolist(), list(range(256)))
        self.assertEqual(place_map(8, 8, shift(8, 8), FAR).tolist(), list(range(256, 320)))
        wide = place_map(12, 21, shift(12, 21), FAR)
        self.assertEqual(int((wide < nothing).sum()), 64)
        self.assertTrue(bool((wide.view(12, 21)[:, 0] == nothing).all()))

    def test_the_velocity_of_pure_noise_is_away_from_the_picture(self):
        keep, pull, _ = times.weights(torch.ones(1))
        self.assertEqual((keep.item(), pull.item()), (1, 1))

    def test_colours_change_as_pixels_do(self):
        m = Map(MAP)
        x = torch.rand(1, 3, PATCH, PATCH).mean((2, 3), keepdim=True).expand(1, 3, PATCH, PATCH) * 2 - 1
        black = m.to_latent(-torch.ones(1, 3, PATCH, PATCH))[0, :, 0, 0]
        gain = torch.tensor([0.9, 0.5, 0.7])
        got = black + (m.to_latent(x)[0, :, 0, 0] - black) @ by_colour(torch.diag(gain)[None], m)[0]
        want = m.to_latent((x + 1) * gain[:, None, None] - 1)[0, :, 0, 0]
        self.assertLess((got - want).abs().max().item(), 0.05)


class Distilling(unittest.TestCase):
    def test_noise_levels_are_the_schedulers(self):
        for steps, tokens, folder in ((4, None, "schnell"), (28, 256, "dev"), (28, 60, "dev")):
            s = FlowMatchEulerDiscreteScheduler.from_pretrained(MODEL / folder / "scheduler")
            shift = None if tokens is None else shifted(tokens)
            if tokens:
                c = s.config
                slope = (c.max_shift - c.base_shift) / (c.max_image_seq_len - c.base_image_seq_len)
                self.assertAlmostEqual(shift, c.base_shift + slope * (tokens - c.base_image_seq_len), places=6)
            s.set_timesteps(sigmas=torch.linspace(1, 1 / steps, steps).tolist(), mu=shift)
            self.assertLess((s.sigmas - sigmas(steps, shift)).abs().max().item(), 1e-5)


class LoRA(unittest.TestCase):
    def test_a_rim_hardly_grows_beyond_one(self):
        self.assertEqual([round(LOOKS["sticker"].strength(s), 6) for s in (-1, 0.5, 1, 3)], [-1, 0.5, 1, 1.4])
        self.assertEqual([LOOKS["pixel"].strength(s) for s in (-1, 0.5, 2)], [-1, 0.5, 2])

    def test_squares_keep_plain_colours(self):
        m = Map(MAP)
        x = torch.tensor([0.2, -0.5, 0.9])[None, :, None, None].expand(1, 3, 4 * PATCH, 4 * PATCH)
        z = pack(m.to_latent(x))
        self.assertLess((m.to_rgb(unpack(squares(z, 2, 2, m), 2, 2)) - x).abs().max().item(), 0.1)

    def test_each_key_style_is_named(self):
        for style, group, key in (("peft", "linear1", "transformer.single_transformer_blocks.10.proj_mlp.lora_B.weight"),
                                  ("bfl", "linear1", "single_blocks.10.linear1.lora_A.weight"),
                                  ("kohya", "linear2", "lora_unet_single_blocks_10_linear2.lora_down.weight"),
                                  ("xlabs", "qkv", "single_blocks.10.processor.qkv_lora.down.weight")):
            rows = {"linear1": 1792, "linear2": 256, "qkv": 768}[group]
            got = named(style, {f"0:{group}": (torch.zeros(4, 256), torch.zeros(rows, 4))})
            self.assertIn(key, got)


class Runs(unittest.TestCase):
    def test_a_run_goes_on_from_its_checkpoint(self):
        def begun(state: Path) -> Run:
            net = torch.nn.Linear(2, 2)
            return Run(state, net, [Muon([net.weight], lr=0.1), torch.optim.Adam([net.bias], lr=0.1)], steps=4, minutes=1e9, keep=0.9)

        def step(run: Run) -> None:
            run.net(torch.tensor([[1.0, 2.0]])).square().sum().backward()
            run.advance()

        with tempfile.TemporaryDirectory() as d:
            one, two = begun(Path(d) / "x.pt"), begun(Path(d) / "x.pt")
            self.assertFalse(two.load())
            for _ in range(3):
                step(one)
            one.save()
            self.assertTrue(two.load())
        self.assertEqual((two.step, two.used()), (3, 0.75))
        self.assertAlmostEqual(two.share(1), one.share(1))
        before = two.net.weight.clone()
        for run in (one, two):
            step(run)
        self.assertFalse(torch.equal(before, two.net.weight))
        for run in (one, two):
            run.set(run.mean)
        self.assertTrue(torch.equal(one.net.weight, two.net.weight))


class Optimiser(unittest.TestCase):
    def test_orthogonal_brings_singular_values_near_one(self):
        torch.manual_seed(0)
        s = torch.linalg.svdvals(orthogonal(torch.randn(3, 32, 64), 5))
        self.assertTrue(bool((s > 0.4).all() and (s < 1.5).all()))


if __name__ == "__main__":
    unittest.main()
