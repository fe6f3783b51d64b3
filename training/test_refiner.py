"""The last blocks see while they are trained what they see in the whole model. Run: python -m unittest test_refiner (half a minute; needs work/)."""

import copy
import unittest

import torch
import torch.nn.functional as F

from config import HERE, MODEL
from layout import CODE, COLOUR, MEMORIES, ONE, SEVERAL, THREE
from model import Text, positions, transformer
from refine import CAPTIONS
from refiner import Before, Refiner, fold, offsets, unfold
from remembered import load

WORK = HERE / "work"


@unittest.skipUnless((WORK / "latents256.pt").exists(), "no training/work: see README.md")
class SameVelocity(unittest.TestCase):
    @torch.no_grad()
    def test_alone_and_in_the_model(self):
        torch.manual_seed(0)
        full, text = transformer(MODEL / "dev"), Text(MODEL / "dev")
        before = Before(full, text, *load(WORK), CAPTIONS)
        net = Refiner(copy.deepcopy(full.single_transformer_blocks[MEMORIES + 1 :]), full.pos_embed)
        off = offsets(full)
        for own, block in zip(net.blocks, full.single_transformer_blocks[MEMORIES + 1 :]):
            unfold(own.norm.linear, off)
            again = copy.deepcopy(block.norm.linear)
            fold(again, own.norm.linear, off)
            heard = [linear.bias + linear.weight[:, ONE] for linear in (again, block.norm.linear)]
            self.assertLess((heard[0] - heard[1]).abs().max().item(), 0.01)
        listener = full.time_text_embed.text_embedder
        for h, w, things, caption, when, guidance in ((16, 16, 1, "3d emoji of dog on a red background", 0.9, 3.5), (12, 21, 1, "flat pizza", 0.4, 2.0), (8, 8, 1, "cartoon rocket", 0.15, 5.0),
                                                      (12, 21, 3, "a dog, a pizza and a rocket", 0.8, 3.5), (16, 16, 2, "flat emoji of cat and dog on a mint background", 0.4, 3.5)):
            states, pooled = text([caption])
            vec = F.silu(listener(pooled))
            code, back = (vec[:, :CODE] - off[:CODE]) * before.size, vec[:, COLOUR : COLOUR + 3] - off[CODE:]
            t, g = torch.tensor([when]), torch.tensor([guidance])
            count = None if things == 1 else torch.tensor([things])
            y = before.recalled(h, w, code, g, count)
            x = (1 - when) * before.compose(y, back) + when * torch.randn(1, h * w, 64)
            seen = []
            hook = full.single_transformer_blocks[MEMORIES + 1].register_forward_pre_hook(lambda m, args, kw: seen.append(kw), with_kwargs=True)
            want = full(hidden_states=x, encoder_hidden_states=states, pooled_projections=pooled, timestep=t, guidance=g, img_ids=positions(h, w),
                        txt_ids=torch.zeros(states.shape[1], 3), return_dict=False)[0]
            hook.remove()
            given, words = seen[0]["hidden_states"], seen[0]["encoder_hidden_states"]
            said = before.said(code, back, t, g, count=count)
            flags = slice(SEVERAL, THREE + 1)
            self.assertLess((said[:, flags] - vec[:, flags]).abs().max().item(), 0.2)   # of 8
            said[:, flags] = vec[:, flags]
            got = before.velocity(net(given, words, said, positions(h, w)), said)
            self.assertLess((got - want).abs().max().item(), 1e-3)             # the blocks themselves are the same
            # What stands before them is nearly: numbers are rounded, and a place's norm is that of the square it was taken from.
            away = (before.hidden(h, w, x, y, back) - given).square().mean().sqrt().item()
            print(f"{h}x{w}, {things}, at {when}: hidden states {away:.3f} apart")
            self.assertLess(away, 0.15)


if __name__ == "__main__":
    unittest.main()
