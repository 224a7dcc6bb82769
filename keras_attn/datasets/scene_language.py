"""Grammar of all correct captions of a scene."""

# A sentence about two things, the first of which stands `relation` to the second; both ways round.
OPPOSITES = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
}
TWO = ("{first} {relation} {second}", "there is {first} {relation} {second}")
SIDES = {
    "left of": "on the left there is {first} and on the right {second}",
    "above": "at the top there is {first} and at the bottom {second}",
}
THREE = (
    "{0}, {1} and {2}",
    "from left to right {0}, {1} and {2}",
    "from right to left {2}, {1} and {0}",
)


def sentences(things):
    """All sentences that describe these things, without doubles.

    Args:
        things: two or three `Thing`s, three of them from left to right.
    """
    found = []
    for with_size in (True, False):
        names = [phrase(thing, with_size) for thing in things]
        if len(things) == 3:
            found += [template.format(*names) for template in THREE]
            continue
        relation = relation_of(*things)
        for (first, second), way in (
            (names, relation),
            (names[::-1], OPPOSITES[relation]),
        ):
            words = {"first": first, "second": second, "relation": way}
            found += [template.format(**words) for template in TWO]
            if way in SIDES:
                found.append(SIDES[way].format(**words))
    return found


def phrase(thing, with_size):
    """Returns the noun phrase of an object: `a small red circle`, or `a red circle`.

    Args:
        thing: a `Thing`.
        with_size: whether its size is said.
    """
    words = [*[thing.size] * with_size, thing.colour, thing.noun]
    return " ".join(["an" if words[0][0] in "aeiou" else "a", *words])


def relation_of(first, second):
    """Relation of the first of two objects to the second, along the axis on which they are further
    apart.

    Args:
        first, second: `Thing`s that are not on a diagonal.

    Returns:
        `"left of"`, `"right of"`, `"above"` or `"below"`.
    """
    down, across = (b - a for a, b in zip(first.centre, second.centre, strict=True))
    if abs(across) > abs(down):
        return "left of" if across > 0 else "right of"
    return "above" if down > 0 else "below"
