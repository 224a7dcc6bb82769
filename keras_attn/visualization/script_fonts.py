"""Fonts for texts in any script."""

import functools
import warnings

BASE = "DejaVu Sans"  # comes with matplotlib


def families_for(texts):
    """Font families that together have every character of the texts, matplotlib's own first.

    Args:
        texts: strings.

    Returns:
        A list of family names, for matplotlib to fall back on from left to right. Where no font of
        this machine has a script there is a warning.
    """
    from matplotlib.font_manager import findfont

    missing = {ord(sign) for text in texts for sign in text if not sign.isspace()}
    families = [BASE]
    missing -= _characters(findfont(BASE))
    for family, path in _installed().items() if missing else ():
        found = missing & _characters(path)
        if found:
            families.append(family)
            missing -= found
        if not missing:
            break
    if missing:
        signs = "".join(sorted(map(chr, missing)))[:20]
        warnings.warn(f"no font of this machine has the characters {signs!r}", stacklevel=3)
    return families


@functools.cache
def _installed():
    """Upright fonts of normal weight by family, in a fixed order."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    # matplotlib remembers what was there when it was first used.
    for path in set(findSystemFonts()) - {font.fname for font in fontManager.ttflist}:
        try:
            fontManager.addfont(path)
        except RuntimeError:  # no font that it can read
            continue
    fonts = sorted(fontManager.ttflist, key=lambda font: (font.name, font.fname))
    return {
        font.name: font.fname
        for font in fonts
        # The font of last resort has a box for everything.
        if font.style == "normal"
        and font.weight in (400, "normal", "regular")
        and "LastResort" not in font.name.replace(" ", "")
    }


@functools.cache
def _characters(path):
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except RuntimeError:  # a font of bitmaps alone, as for emoji
        return frozenset()
