"""Decoding: sequences from any step function."""

from keras_attn.decoding.alignment import Alignment
from keras_attn.decoding.beam_search import beam_search, greedy_search
from keras_attn.decoding.hypotheses import Hypotheses
from keras_attn.decoding.sampling import sample
from keras_attn.decoding.scheduled_sampling import ScheduledSampling

__all__ = ["Alignment", "Hypotheses", "ScheduledSampling", "beam_search", "greedy_search", "sample"]
