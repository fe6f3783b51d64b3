"""Makes the pictures in decode/, each beside what Pillow reads from it.

Run: python make.py   (Pillow with WebP and LittleCMS, NumPy)
"""
import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

OUT = Path(__file__).parent / "decode"
W, H = 40, 24


def scene(alpha=False):
    y, x = np.mgrid[0:H, 0:W]
    rgb = np.stack([x * 255 / W, y * 255 / H, 255 - x * 200 / W], -1)
    rgb[:8, :12] = (220, 30, 40)  # tells the corners apart
    if alpha:
        rgb = np.concatenate([rgb, (x * 255 / (W - 1))[..., None]], -1)
    return Image.fromarray(rgb.astype(np.uint8))


def on_white(img):
    img = img.convert("RGBA")
    white = Image.new("RGBA", img.size, "white")
    return Image.alpha_composite(white, img).convert("RGB")


def save(name, img, want=None, **options):
    img.save(OUT / name, **options)
    if want is None:
        want = Image.open(OUT / name)
        want.seek(0)
    on_white(want).save(OUT / (name + ".want.png"))


def tag(kind, body):
    return kind + b"\0\0\0\0" + body


def s15(*values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def icc(space, tags):
    """A minimal version 2 display profile."""
    table, blob = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, body in tags:
        body += b"\0" * (-len(body) % 4)
        table += name + struct.pack(">II", start + len(blob), len(body))
        blob += body
    head = bytearray(128)
    struct.pack_into(">I", head, 0, start + len(blob))
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = b"mntr" + space + b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = s15(0.9642, 1.0, 0.8249)
    return bytes(head) + table + blob


def text(s):
    return tag(b"desc", struct.pack(">I", len(s) + 1) + s + b"\0" + b"\0" * 78)


COMMON = [(b"desc", text(b"test")), (b"cprt", tag(b"text", b"none\0")), (b"wtpt", tag(b"XYZ ", s15(0.9642, 1.0, 0.8249)))]
GAMMA = tag(b"curv", struct.pack(">IH", 1, round(1.8 * 256)))
SAMPLES = tag(b"curv", struct.pack(">I", 33) + b"".join(struct.pack(">H", round((i / 32) ** 2.4 * 65535)) for i in range(33)))
PARA = tag(b"para", struct.pack(">HH", 3, 0) + s15(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
# Display P3's primaries, adapted to D50.
P3 = [(b"rXYZ", tag(b"XYZ ", s15(0.51512, 0.24120, -0.00105))),
      (b"gXYZ", tag(b"XYZ ", s15(0.29198, 0.69225, 0.04189))),
      (b"bXYZ", tag(b"XYZ ", s15(0.15710, 0.06657, 0.78407)))]


def rgb_profile(curve):
    return icc(b"RGB ", COMMON + P3 + [(c + b"TRC", curve) for c in (b"r", b"g", b"b")])


def through(img, profile):
    src = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = img.mode
    return ImageCms.profileToProfile(img, src, ImageCms.createProfile("sRGB"), renderingIntent=1,
                                     outputMode="RGB", flags=ImageCms.Flags.HIGHRESPRECALC) if mode != "L" else \
        ImageCms.profileToProfile(img, src, ImageCms.createProfile("sRGB"), renderingIntent=1, outputMode="RGB")


def main():
    OUT.mkdir(exist_ok=True)
    img, clear = scene(), scene(alpha=True)
    for o in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = o
        save(f"orientation{o}.png", img, ImageOps.exif_transpose(img) if o == 1 else None, exif=exif)
        img.save(OUT / f"orientation{o}.png", exif=exif)
        on_white(ImageOps.exif_transpose(Image.open(OUT / f"orientation{o}.png"))).save(OUT / f"orientation{o}.png.want.png")
    for name, options in {"orientation6.jpg": {"quality": 100, "subsampling": 0}, "orientation6.webp": {"lossless": True}}.items():
        exif = Image.Exif()
        exif[0x0112] = 6
        img.save(OUT / name, exif=exif, **options)
        on_white(ImageOps.exif_transpose(Image.open(OUT / name))).save(OUT / (name + ".want.png"))

    save("plain.png", img)
    save("alpha.png", clear)
    save("grey.png", img.convert("L"))
    save("greyalpha.png", clear.convert("LA"))
    save("grey16.png", Image.fromarray((np.arange(W * H, dtype=np.uint32).reshape(H, W) * 65535 // (W * H)).astype(np.uint16)),
         Image.fromarray(((np.arange(W * H, dtype=np.uint32).reshape(H, W) * 65535 // (W * H)) >> 8).astype(np.uint8)))
    save("bilevel.png", img.convert("1"))
    palette = img.quantize(16)
    save("palette.png", palette)
    save("palette_clear.png", palette, transparency=3)
    save("full.jpg", img, quality=95, subsampling=0)
    save("subsampled.jpg", img.resize((W, H)).filter(__import__("PIL.ImageFilter", fromlist=["x"]).GaussianBlur(4)), quality=95)
    save("progressive.jpg", img, quality=95, subsampling=0, progressive=True)
    save("grey.jpg", img.convert("L"), quality=95)
    save("cmyk.jpg", img.convert("CMYK"), quality=100)
    save("still.gif", palette)
    moving = [palette, Image.new("P", (W, H), 3)]
    save("animated.gif", palette, save_all=True, append_images=moving[1:], duration=50)
    save("lossless.webp", clear, lossless=True, exact=True)
    save("lossy.webp", Image.new("RGB", (W, H), (200, 60, 20)), quality=95)
    save("lossy_alpha.webp", Image.merge("RGBA", [*Image.new("RGB", (W, H), (200, 60, 20)).split(), clear.getchannel("A")]), quality=95)
    save("animated.webp", clear, save_all=True, append_images=[Image.new("RGBA", (W, H), "red")], lossless=True, exact=True)
    small = Image.new("RGBA", (W, H), (0, 0, 0, 0))
    small.paste(Image.new("RGBA", (10, 8), "blue"), (14, 6))
    # Pillow shows the uncovered canvas black here; browsers and libwebp leave it clear.
    save("animated_offset.webp", small, small, save_all=True, append_images=[img.convert("RGBA")], lossless=True, minimize_size=True)

    for name, curve in {"gamma": GAMMA, "samples": SAMPLES, "para": PARA}.items():
        p = rgb_profile(curve)
        save(f"p3_{name}.png", img, through(img, p), icc_profile=p)
    p = rgb_profile(PARA)
    img.save(OUT / "p3.jpg", quality=100, subsampling=0, icc_profile=p)
    on_white(through(Image.open(OUT / "p3.jpg"), p)).save(OUT / "p3.jpg.want.png")
    save("p3.webp", img, through(img, p), lossless=True, icc_profile=p)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    save("srgb.png", img, img, icc_profile=srgb)
    grey = icc(b"GRAY", COMMON + [(b"kTRC", GAMMA)])
    save("grey_gamma.png", img.convert("L"), through(img.convert("L"), grey), icc_profile=grey)


main()
