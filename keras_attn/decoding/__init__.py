"""Decoding: sequences from any step function."""

from keras_attn.decoding.beam_search import beam_search, greedy_search
from keras_attn.decoding.hypotheses import Hypotheses
from keras_attn.decoding.sampling import sample

__all__ = ["Hypotheses", "beam_search", "greedy_search", "sample"]
