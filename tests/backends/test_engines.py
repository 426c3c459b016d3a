"""One law book for all engines: every class below runs over each of them.

TensorRT's runs over the fake driver, in the child process of `tests.cuda.child`.
"""

from functools import partial

import pytest

from deblurvid.backends.identity import identity_generator
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.graph.wrap import wrap
from tests import pictures
from tests.cuda.remote import RemoteEngine
from tests.graph.generators import conv_planes, conv_rgb, generator
from tests.pictures import same

SIZE = (61, 93)

GENERATORS = {
    "identity": identity_generator,
    "planes": lambda: generator(conv_planes(0.5)),
    "rgb": lambda: generator(conv_rgb(0.5)),
}
PICTURES = {
    "yuv420-8": PictureFormat(source="yuv420", depth=8),
    "yuv444-10": PictureFormat(source="yuv444", depth=10),
}


def open_(name: str, picture: PictureFormat, *, size=SIZE, precision="fp32") -> OpenVinoEngine:
    made = GENERATORS[name]()
    return OpenVinoEngine(
        wrap(made, picture), made, picture, size=size, device="CPU", precision=precision
    )


def random_planes(picture: PictureFormat, seed: int, size=SIZE) -> Planes:
    return pictures.random_planes(picture, seed, size)


@pytest.fixture(params=GENERATORS)
def name(request):
    return request.param


@pytest.fixture(params=PICTURES)
def picture(request):
    return PICTURES[request.param]


@pytest.fixture(params=["openvino", "tensorrt"])
def opens(request):
    """What opens an engine: by a generator's name and a picture format."""
    if request.param == "openvino":
        return open_
    return partial(RemoteEngine, request.getfixturevalue("cuda"), size=SIZE)


@pytest.fixture
def engine(opens, name, picture):
    with opens(name, picture) as opened:
        yield opened


class TestEngine:
    """What the pipeline relies on."""

    def test_collects_in_the_order_of_submission(self, engine, picture):
        """With all slots full, each picture comes back at its own turn."""
        pictures = [random_planes(picture, seed) for seed in range(engine.slots * 2)]
        alone = []
        for one in pictures:
            engine.submit(one, strength=1)
            alone.append(engine.collect().planes)

        together = []
        for number, one in enumerate(pictures):
            if number >= engine.slots:
                together.append(engine.collect().planes)
            engine.submit(one, strength=1)
        together += [engine.collect().planes for _ in range(engine.slots)]

        assert all(same(a, b) for a, b in zip(alone, together, strict=True))

    def test_strength_zero_is_the_source(self, engine, picture):
        """Strength 0 gives every sample back, whatever the generator."""
        source = random_planes(picture, 1)
        engine.submit(source, strength=0)

        assert same(source, engine.collect().planes)

    def test_the_generator_acts(self, name, engine, picture):
        """Strength 1 changes the picture, except for identity."""
        source = random_planes(picture, 2)
        engine.submit(source, strength=1)

        assert same(source, engine.collect().planes) == (name == "identity")

    def test_submit_copies(self, engine, picture):
        """The caller may overwrite its samples as soon as submit returns."""
        source, again = random_planes(picture, 3), random_planes(picture, 3)
        engine.submit(source, strength=0)
        for samples in source.samples:
            samples[:] = 0

        assert same(again, engine.collect().planes)

    def test_collected_samples_stay(self, engine, picture):
        """What was collected does not change when the slot is used again."""
        first = random_planes(picture, 4)
        engine.submit(first, strength=0)
        kept = engine.collect().planes
        for seed in range(engine.slots + 1):
            engine.submit(random_planes(picture, 10 + seed), strength=0)
            engine.collect()

        assert same(first, kept)

    def test_refuses_planes_of_another_size(self, engine, picture):
        """A picture that does not fit is an error that names both shapes, not garbage."""
        other = random_planes(picture, 5, size=(64, 93))
        with pytest.raises(ValueError, match="do not fit"):
            engine.submit(other, strength=1)

    def test_close_with_work_in_flight(self, opens, name, picture):
        """Closing waits for what runs, and may be done twice."""
        engine = opens(name, picture)
        for seed in range(engine.slots):
            engine.submit(random_planes(picture, seed), strength=1)
        engine.close()
        engine.close()

    def test_spec_tells_what_it_is(self, engine, picture):
        """Size, format and true precision are the ones asked for."""
        assert (SIZE, picture, "fp32") == (
            (engine.spec.width, engine.spec.height),
            engine.spec.picture,
            engine.spec.precision,
        )


def test_colour_tags_are_taken_from_each_picture(opens):
    """An rgb generator restores a BT.601 picture with BT.601's matrix, beside a BT.709 one."""
    picture = PictureFormat(source="yuv444", depth=8)
    bt601 = ColourTags(matrix="bt601", full_range=True)
    source = random_planes(picture, 6)
    with opens("rgb", picture) as engine:
        engine.submit(source, strength=1)
        engine.submit(Planes(source.samples, bt601), strength=1)
        engine.submit(source, strength=1)
        first, other, again = (engine.collect().planes for _ in range(3))

    assert same(first, again)
    assert not same(first, other)
    assert bt601 == other.colour
