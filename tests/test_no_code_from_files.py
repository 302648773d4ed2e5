"""No file that is loaded can run code: none of our modules calls what could."""

import ast
from pathlib import Path

import rnnterm

FORBIDDEN = set("pickle marshal shelve dill cloudpickle joblib multiprocessing".split())
CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {("torch", "load"), ("torch", "save"), ("torch", "jit"), ("torch", "package")}


def complaints(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.split(".")[0] in FORBIDDEN)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FORBIDDEN:
            yield node.module
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if (owner, node.attr) in ATTRIBUTES:
                yield f"{owner}.{node.attr}"
            # Of torch.distributed: `broadcast_object_list` and others pickle what they send.
            if node.attr.endswith(("_object", "_object_list")) and owner in ("dist", "distributed"):
                yield f"{owner}.{node.attr}"
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in CALLS:
                yield name
            yield from (
                f"{ast.unparse(node.func)}(allow_pickle=…)"
                for keyword in node.keywords
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False"
            )
            if ast.unparse(node.func) in ("np.load", "numpy.load"):
                yield "np.load"


def test_no_module_of_ours_calls_what_runs_code():
    root = Path(rnnterm.__file__).parent
    modules = list(root.rglob("*.py"))
    assert len(modules) > 200
    found = {
        str(path.relative_to(root)): told
        for path in modules
        if (told := list(complaints(ast.parse(path.read_text()))))
    }
    assert found == {}


def test_it_would_be_noticed():
    for line in (
        "import pickle", "from multiprocessing.connection import wait", "torch.load(x)",
        "eval('1')",
        "np.load(x)", "read_array(x, allow_pickle=True)", "dist.broadcast_object_list(x)",
        "torch.save(x, y)", "exec(x)",
    ):  # fmt: skip
        assert list(complaints(ast.parse(line))), line
