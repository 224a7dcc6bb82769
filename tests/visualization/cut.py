"""What reaches over the edge of a figure, and would be cut off."""


def cut_off(figure):
    """How many inches of a figure are lost at the left, the bottom, the right and the top."""
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    lost = {"left": -box.x0, "bottom": -box.y0, "right": box.x1 - width, "top": box.y1 - height}
    return {side: round(inches, 2) for side, inches in lost.items() if inches > 0.01}
