"""Detection of figure content beyond the edge."""


def clipped_inches(figure):
    """Returns a dictionary side → inches of content beyond the edge of a figure."""
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    lost = {"left": -box.x0, "bottom": -box.y0, "right": box.x1 - width, "top": box.y1 - height}
    return {side: round(inches, 2) for side, inches in lost.items() if inches > 0.01}
