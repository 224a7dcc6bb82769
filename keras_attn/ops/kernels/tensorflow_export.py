"""Detection of exports that do not support compiled functions of TensorFlow."""

import sys

import tensorflow as tf


def exports_to_onnx():
    """True while `Model.export` of Keras or tf2onnx traces a function for an ONNX file.

    In ONNX a compiled function would remain a call that no runtime supports. Only the call stack
    distinguishes an export from another trace. The stack is inspected during tracing only.
    """
    if tf.executing_eagerly():
        return False
    frame = sys._getframe()
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if frame.f_code.co_name == "export_onnx" or module.startswith("tf2onnx."):
            return True
        frame = frame.f_back
    return False
