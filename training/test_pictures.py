"""Easel and diffusers draw the same picture from the same weights. Run: python -m unittest test_pictures (half a minute; needs bin/easel)."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from diffusers import FluxPipeline
from PIL import Image

from assemble import assemble
from config import HERE, MODEL

EASEL = HERE.parent / "bin/easel"
PROMPT = "3d emoji of fox on a teal background"


@unittest.skipUnless(EASEL.exists(), "bin/easel is not built")
class SamePictures(unittest.TestCase):
    def test_schnell_through_a_complete_copy(self):
        with tempfile.TemporaryDirectory() as d:
            assemble(MODEL, Path(d) / "copies")
            pipe = FluxPipeline.from_pretrained(Path(d) / "copies/schnell", torch_dtype=torch.float32)
            pipe.set_progress_bar_config(disable=True)
            # 3 is what the contract takes where no guidance is given
            want = pipe(PROMPT, height=512, width=512, num_inference_steps=4, guidance_scale=3.0, max_sequence_length=32,
                        generator=torch.Generator().manual_seed(7)).images[0]
            subprocess.run([EASEL, "generate", PROMPT, "--data", Path(d) / "data", "--out", d, "-i", "model=schnell", "-i", "num_inference_steps=4", "-i", "seed=7",
                            "-i", "megapixels=0.25", "-i", "lora_scale=0", "-i", "go_fast=false", "-i", "output_format=png"], check=True, capture_output=True)
            got = Image.open(next(Path(d).glob("*.png"))).convert("RGB")
        self.assertEqual(got.size, want.size)
        away = np.abs(np.asarray(got, np.int16) - np.asarray(want, np.int16))
        print(f"mean difference {away.mean():.3f}, largest {away.max()} of 255")
        self.assertLessEqual(np.quantile(away, 0.999), 2)


if __name__ == "__main__":
    unittest.main()
