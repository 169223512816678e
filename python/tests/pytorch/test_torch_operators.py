"""What PyTorch asks of an operator: schemas, fake tensors, torch.compile, vmap, autocast, other devices."""

import pytest
from torch_common import pytestmark, seed  # noqa: F401

torch = pytest.importorskip("torch")

from torch._subclasses import FakeTensorMode  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import smx.torch as F  # noqa: E402
from smx.torch import calling  # noqa: E402
from smx.torch.operators import ARGUMENTS, OPERATORS  # noqa: E402
from torch_cases import CASES, double  # noqa: E402

IDS = [case[0] for case in CASES]
PAIRS = [case[1:] for case in CASES]


def _arguments(name):
    target = {"target": torch.tensor([0, 2, 4]), "weight": None, "reduction": "none", "ignore_index": -100}
    known = {"dim": [1] if name.startswith("logsumexp") else 1, "label_smoothing": 0.1, "z_loss": 0.1, **target}
    rows = name in ("logsumexp_gradient", "cross_entropy_gradient", "nll_loss_gradient")
    made = {key: double(3, 5).softmax(-1).detach().requires_grad_() for key in ("x", "y", "grad", "ddx", "v")}
    made["grad"] = double(3) if rows else made["grad"]
    return [known.get(key, made.get(key)) for key in ARGUMENTS[name] if key in known or key in made]


@pytest.mark.parametrize("name", OPERATORS)
def test_opcheck(name):
    assert set(torch.library.opcheck(OPERATORS[name], _arguments(name)).values()) == {"SUCCESS"}
    masked = {"mask": torch.ones(3, 5, dtype=torch.bool), "scale": 0.5}
    if not name.startswith("nll"):
        assert set(torch.library.opcheck(OPERATORS[name], _arguments(name), masked).values()) == {"SUCCESS"}


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("function, inputs", PAIRS, ids=IDS)
def test_compile(function, inputs, backend):
    given = inputs()
    compiled = torch.compile(function, backend=backend, fullgraph=True, dynamic=False)
    expected, result = function(*given), compiled(*given)
    assert torch.equal(expected.nan_to_num(), result.nan_to_num())
    grad = torch.rand_like(expected)
    for a, b in zip(torch.autograd.grad(expected, given, grad), torch.autograd.grad(result, given, grad)):
        torch.testing.assert_close(a, b)
    torch._dynamo.reset()


@pytest.mark.parametrize("function, inputs", PAIRS, ids=IDS)
def test_vmap(function, inputs):
    """In any position, of all arguments or of some, with the bits of single calls."""
    size, first = 3, [tensor.detach() for tensor in inputs()]
    batches = [torch.stack([t * (1 + i) for i in range(size)]) for t in first]
    for where in (0, -1):
        moved = [batch.movedim(0, where) for batch in batches]
        result = torch.vmap(function, in_dims=where)(*moved)
        assert torch.equal(result, torch.stack([function(*given) for given in zip(*batches)]))
    for k, batch in enumerate(batches):
        some = [batch if i == k else t for i, t in enumerate(first)]
        result = torch.vmap(function, in_dims=tuple(0 if i == k else None for i in range(len(first))))(*some)
        each = [function(*[b if i == k else t for i, t in enumerate(first)]) for b in batch]
        assert torch.equal(result, torch.stack(each))


def test_vmap_over_labels_and_weights():
    x, labels, weights = torch.randn(4, 3, 5), torch.randint(5, (4, 3)), torch.rand(4, 5)
    result = torch.vmap(F.cross_entropy)(x, labels, weights)
    assert torch.equal(result, torch.stack([F.cross_entropy(*given) for given in zip(x, labels, weights)]))
    scalars = torch.vmap(lambda x: F.softmax(x, 0))(torch.randn(3))
    assert torch.equal(scalars, torch.ones(3))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(dtype):
    """Types of results are those of PyTorch's functions; a loss of halves is f32."""
    x, labels = torch.randn(4, 8, requires_grad=True), torch.tensor([0, 1, -100, 7])
    half = x.to(dtype)
    with torch.autocast("cpu", dtype):
        assert F.softmax(half, -1).dtype == torch.softmax(half, -1).dtype
        for ours, theirs in (
            (F.cross_entropy, torch.nn.functional.cross_entropy),
            (F.nll_loss, torch.nn.functional.nll_loss),
        ):
            loss, other = ours(half, labels), theirs(half, labels)
            assert loss.dtype == other.dtype == torch.float32
            torch.testing.assert_close(loss, other)
            (dx,) = torch.autograd.grad(loss, half, retain_graph=True)
            assert dx.dtype == dtype
        operator = torch.ops.smx.cross_entropy(half, labels, None, "mean", -100, 0.0, 0.0, 1)
        assert torch.equal(operator, F.cross_entropy(half, labels))


def test_meta_and_fake():
    x = torch.empty(2, 3, 4, device="meta")
    assert F.logsumexp(x, (0, -1), keepdim=True).shape == (1, 3, 1)
    assert F.softmax(x, 1, dtype=torch.float64).dtype == torch.float64
    assert F.cross_entropy(x, torch.empty(2, 4, device="meta", dtype=torch.long)).shape == ()


def test_other_devices_are_refused():
    for name in OPERATORS:
        for device in ("CUDA", "MPS", "XPU", "HPU"):
            assert torch._C._dispatch_has_kernel_for_dispatch_key(f"smx::{name}", device)
    key = torch._C.DispatchKeySet(torch._C.DispatchKey.CUDA)
    x = torch.randn(2)
    with pytest.raises(TypeError, match=r"smx.torch.softmax: x is on .*torch.nn.functional.softmax.*x.cpu\(\)"):
        OPERATORS["softmax"].redispatch(key, x, -1)


def test_views_that_are_not_what_they_seem():
    """conj and neg are bits of a view, of which memory knows nothing."""
    z = torch.randn(5, dtype=torch.complex64)
    assert torch.equal(F.softmax(z.conj().imag, 0), F.softmax(-z.imag, 0))
    with pytest.raises((TypeError, NotImplementedError)):
        F.softmax(torch.randn(3, 3).to_sparse(), 1)
    with torch.inference_mode():
        assert torch.equal(F.softmax(z.real, 0), F.softmax(z.real.clone(), 0))


def _kinds():
    """Tensors of PyTorch's, a level of torch.func's among them."""
    x, z = torch.randn(3, 3), torch.randn(3, dtype=torch.complex64)
    kinds = [x, x.t(), x[0], x.half(), torch.arange(3), x.clone().requires_grad_(), torch.nn.Parameter(x)]
    kinds += [torch.nn.Buffer(x), x.as_subclass(type("Subclass", (torch.Tensor,), {})), z.conj().imag, z.real]
    kinds += [x.to_sparse(), x.to_sparse_csr(), x.to_mkldnn(), x.to("meta"), torch._efficientzerotensor(3)]
    kinds += [torch.nested.nested_tensor([x, x[:2]], layout=layout) for layout in (torch.strided, torch.jagged)]
    kinds += [torch._to_functional_tensor(x), FakeTensorMode().from_tensor(x)]
    with torch.inference_mode():
        kinds += [torch.randn(3), x.t()]
    torch.vmap(lambda x: kinds.append(x) or x)(x)
    torch.func.grad(lambda x: kinds.append(x) or x.sum())(x)
    return kinds


def test_which_tensors_need_the_dispatcher():
    keys = lambda x: torch._C._dispatch_keys(x).raw_repr()
    plain = {keys(torch.empty(0)), keys(torch.empty(0).requires_grad_())}
    with torch.inference_mode():
        plain.add(keys(torch.empty(0)))
    answers = [calling.ordinary(x) for x in _kinds()]
    assert answers == [type(x) in calling.TYPES and keys(x) in plain for x in _kinds()]
    assert True in answers and False in answers


def test_when_the_dispatcher_is_needed():
    """In whatever it does by a state of the thread, but not where results are as they are without."""
    x, seen = torch.randn(3), []
    look = lambda x: seen.append(calling.quiet()) or x * 2
    for state in (torch.no_grad(), torch.inference_mode(), torch.autocast("cpu")):
        with state:
            look(x)
    assert seen == [True, True, True]
    seen.clear()
    modes = FlopCounterMode(display=False), FakeTensorMode(allow_non_fake_inputs=True)
    for state in (*modes, torch.autograd.forward_ad.dual_level()):
        with state:
            look(x)
    torch.vmap(look)(x)
    torch.func.jvp(look, (x,), (x,))
    torch.func.functionalize(look)(x)
    torch.jit.trace(look, (x,), check_trace=False)
    make_fx(look)(x)
    make_fx(look, pre_dispatch=True)(x)
    assert seen == [False] * 9
