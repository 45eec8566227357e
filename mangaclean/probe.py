"""A drawn page on which a machine's speed is measured."""

import io


def page(width: int = 1240, height: int = 1754) -> bytes:
    """A PNG with panels, hatching, and balloons with rows of letters."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=28)
    for top in range(40, height - 400, 420):
        draw.rectangle((40, top, width - 40, top + 400), outline=0, width=4)
        for x in range(60, width - 60, 8):
            draw.line((x, top + 4, x - 20, top + 396), fill=150)
        for left in (90, 480, 860):
            draw.ellipse((left, top + 40, left + 300, top + 340), fill=255, outline=0, width=4)
            for row in range(4):
                draw.text((left + 70, top + 110 + 40 * row), "LOOK OUT", fill=0, font=font)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
