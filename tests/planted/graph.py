"""Faults in what happens to a picture."""

from tests.planted.fault import Fault

GRAPH = "deblurvid/graph/"
TESTS = "tests/graph/"

FAULTS = (
    Fault(
        "rounding truncates",
        GRAPH + "wrap.py",
        'b.op("Round", b.add(code, change))',
        'b.op("Floor", b.add(code, change))',
        (TESTS + "test_residual.py::test_any_residual_from_planes[smooth-reference-yuv420]",),
    ),
    Fault(
        "sum not clamped to the depth",
        GRAPH + "wrap.py",
        "top = 2.0**picture.depth - 1",
        "top = 65535.0",
        (TESTS + "test_residual.py::test_two_codes_arrive_from_planes[yuv420-reference]",),
    ),
    Fault(
        "BT.601 coefficients for BT.709",
        GRAPH + "colour.py",
        '"bt709": (0.2126, 0.0722)',
        '"bt709": (0.299, 0.114)',
        (TESTS + "test_residual.py::test_what_an_rgb_generator_sees[yuv444-reference]",),
    ),
    Fault(
        "offset of limited range forgotten",
        GRAPH + "colour.py",
        "np.array([16, 128, 128]) * step",
        "np.array([0, 128, 128]) * step",
        (TESTS + "test_residual.py::test_what_an_rgb_generator_sees[yuv444-reference]",),
    ),
    Fault(
        "full range taken for limited",
        GRAPH + "colour.py",
        "offset_and_scale(depth, full_range=tags.full_range)",
        "offset_and_scale(depth, full_range=False)",
        (TESTS + "test_residual.py::test_what_an_rgb_generator_sees[gray-reference]",),
    ),
    Fault(
        "matrix as a 1x1 convolution",
        GRAPH + "colour.py",
        "    parts = [b.op(",
        '    kernel = b.op("Reshape", matrix, b.integers([3, 3, 1, 1]))\n'
        '    return b.op("Conv", b.op("Concat", *planes, axis=1), kernel)\n'
        "    parts = [b.op(",
        (TESTS + "test_residual.py::test_any_residual_from_planes[rough-bf16-rgb]",),
    ),
    Fault(
        "chroma swapped on the way out",
        GRAPH + "wrap.py",
        "residual, picture), OUT + name, picture)",
        'residual, picture), OUT + {"u": "v", "v": "u"}.get(name, name), picture)',
        (TESTS + "test_identity.py::test_zero_residual_gives_every_sample_back[planes-yuv420-reference]",),
    ),
    Fault(
        "chroma residuals swapped",
        GRAPH + "by_planes.py",
        "outputs[name]",
        'outputs[{"du": "dv", "dv": "du"}.get(name, name)]',
        (TESTS + "test_residual.py::test_two_codes_arrive_from_planes[yuv420-reference]",),
    ),
    Fault(
        "last row lost in the crop",
        GRAPH + "nodes.py",
        '        ends = self.op("Concat", height, width, axis=0)\n',
        '        less = self.op("Sub", height, self.integers([1]))\n'
        '        ends = self.op("Concat", less, width, axis=0)\n'
        '        a = self.op("Slice", a, self.integers([0, 0]), ends, self.integers([2, 3]))\n'
        "        return self.edge_padded_to(a, height, width)\n",
        (TESTS + "test_padding.py::test_crop_keeps_each_sample_in_its_place[yuv420-reference]",),
    ),
    Fault(
        "padding with zeros instead of the edge",
        GRAPH + "nodes.py",
        'return self.op("Pad", a, pads, mode="edge")',
        'return self.op("Pad", a, pads, mode="constant")',
        (TESTS + "test_padding.py::test_planes_are_edge_padded[size1-2-reference]",),
    ),
    Fault(
        "high byte dropped on the way in",
        GRAPH + "wrap.py",
        "return b.add(low, b.scale(high, 256))",
        "return b.add(low, b.scale(high, 0))",
        (TESTS + "test_identity.py::test_zero_residual_gives_every_sample_back[planes-yuv420-reference]",),
    ),
    Fault(
        "bytes swapped on the way out",
        GRAPH + "wrap.py",
        'b.op("Concat", low, high, axis=1)',
        'b.op("Concat", high, low, axis=1)',
        (TESTS + "test_identity.py::test_zero_residual_gives_every_sample_back[planes-yuv420-reference]",),
    ),
    Fault(
        "strength ignored",
        GRAPH + "wrap.py",
        'b.op("Mul", residual, STRENGTH)',
        'b.op("Mul", residual, b.op("Max", STRENGTH, b.constant(1.0)))',
        (TESTS + "test_identity.py::test_strength_zero_gives_every_sample_back[planes-yuv420-reference]",),
    ),
    Fault(
        "NaN not replaced",
        GRAPH + "site.py",
        'b.op("Where", bad, b.constant(0.0), residual)',
        "residual",
        (TESTS + "test_invalid.py::test_invalid_samples_keep_the_source[8-f32]",),
    ),
    Fault(
        "Inf not counted",
        GRAPH + "site.py",
        'b.op("Or", b.op("IsNaN", residual), b.op("IsInf", residual))',
        'b.op("IsNaN", residual)',
        (TESTS + "test_invalid.py::test_invalid_samples_keep_the_source[10-f32]",),
    ),
    Fault(
        "doubling by nearest instead of 3:1",
        GRAPH + "nodes.py",
        "        border = [",
        "        return large\n        border = [",
        (TESTS + "test_residual.py::test_any_residual_from_planes[smooth-reference-yuv422]",),
    ),
    Fault(
        "chroma is the largest neighbour, not the mean",
        GRAPH + "nodes.py",
        'self.op("AveragePool", even,',
        'self.op("MaxPool", even,',
        (TESTS + "test_residual.py::test_what_a_planes_generator_sees[yuv444-reference]",),
    ),
    Fault(
        "colours outside the gamut are fed",
        GRAPH + "by_rgb.py",
        'fed = b.op("Clip", rgb, b.constant(0.0), b.constant(1.0))',
        "fed = rgb",
        (TESTS + "test_identity.py::test_zero_residual_gives_every_sample_back[rgb-yuv420-reference]",),
    ),
    Fault(
        "range -1..1 not scaled back",
        GRAPH + "by_rgb.py",
        'b.op("Sub", restored, fed)), 1 / span)',
        'b.op("Sub", restored, fed)), 1.0)',
        (TESTS + "test_residual.py::test_two_codes_arrive_from_rgb[-1..1-yuv420-reference]",),
    ),
    Fault(
        "picture not rounded to the generator's type",
        GRAPH + "by_rgb.py",
        "if feed_type != TensorProto.FLOAT:",
        "if feed_type < 0:",
        (TESTS + "test_precision.py::test_zero_generator_of_low_types_gives_every_sample_back[rgb-yuv420-bf16]",),
    ),
    Fault(
        "no FP32 islands",
        GRAPH + "precision.py",
        "or node.op_type in ISLANDS",
        "or not node.op_type",
        (TESTS + "test_precision.py::test_island_keeps_a_norm_within_range",),
    ),
    Fault(
        "means over windows summed in FP16",
        GRAPH + "precision.py",
        '"AveragePool", ',
        "",
        (TESTS + "test_precision.py::test_a_mean_over_windows_is_summed_in_float32",),
    ),
    Fault(
        "weights beyond FP16 let through",
        GRAPH + "precision.py",
        "max(initial=0) > 65504",
        "max(initial=0) > 1e9",
        (TESTS + "test_precision.py::test_weight_beyond_half_is_refused",),
    ),
    Fault(
        "names of the generator not prefixed",
        GRAPH + "site.py",
        'PREFIX = "generator/"',
        'PREFIX = ""',
        (TESTS + "test_wrap.py::test_names_of_the_generator_do_not_collide",),
    ),
)  # fmt: skip
