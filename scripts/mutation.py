"""A module's source -> its mutants: what the module would be with one protecting line deleted or turned round.

What goes out: the list of mutants, and one module that holds all of them and behaves as the source does until one is
switched on. So nothing is written to disk, a mutant costs no import, and the switches tell which tests reach it. It
runs nothing; `mutant_runs` does.

What is changed, inside functions only: a condition becomes true or false, an operand of `and` or `or` and a part of a
chained comparison falls away, an ordering moves by one to either side, `all` becomes `any`, a flag turns round, and a
raise, an early return, a `continue`, a `break` or a call for its effect is deleted. Not changed, because nothing can
be learnt from it: `assert` and `TYPE_CHECKING` (for the type checker), a lone statement under an `if`, whose deletion
is the condition made false, and a `return` of nothing where the function ends in any case.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SWITCH: Final = "_mutant_"
"""The name of the function that says, inside a changed module, whether a mutant is on."""
FURTHER: Final = "_further_"
"""The name of the function that moves a bound by one."""

_BOUNDS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], int]]] = {
    ast.Lt: (ast.LtE, -1),
    ast.LtE: (ast.Lt, 1),
    ast.Gt: (ast.GtE, 1),
    ast.GtE: (ast.Gt, -1),
}
"""Each ordering with the one that moves the bound to one side, and the step that moves it to the other."""
_SIGNS: Final[dict[type[ast.cmpop], str]] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_LEAVING: Final = (ast.Raise, ast.Return, ast.Continue, ast.Break)
_Alternatives = list[tuple[str, ast.expr]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change. `where` is file and function, `source` the text that is changed, `change` what it becomes."""

    number: int
    where: str
    line: int
    source: str
    change: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it wherever its line moves to."""
        return self.where, self.source, self.change


@dataclass(slots=True)
class Module:
    """A module that holds its mutants."""

    tree: ast.Module
    mutants: list[Mutant] = field(default_factory=list)


def mutate(source: str, name: str, *, first: int = 0) -> Module:
    """Every mutant of a module's source; `name` is the file's, `first` the number of the first mutant."""
    changer = _Changer(source, name, first)
    tree = changer.visit(ast.parse(source))
    return Module(tree=ast.fix_missing_locations(tree), mutants=changer.mutants)


class _Changer(ast.NodeTransformer):
    def __init__(self, source: str, name: str, first: int) -> None:
        self.mutants: list[Mutant] = []
        self._source, self._name, self._first = source, name, first
        self._scope: list[str] = []
        self._returns_bool = self._in_function = self._in_text = False
        self._idle: set[int] = set()  # returns that a function ends with in any case

    # -- what a mutant is called, and how it is switched on

    def _text(self, node: ast.AST) -> str:
        # Before Python 3.12 the places of what is inside an f-string are not those of the source.
        segment = None if self._in_text else ast.get_source_segment(self._source, node)
        return " ".join((segment or ast.unparse(node)).split())

    def _switch(self, node: ast.expr | ast.stmt, source: str, change: str) -> ast.expr:
        where = f"{self._name}:{'.'.join(self._scope)}"
        same = sum(item.where == where and item.source == source and item.change.split(" #")[0] == change
                   for item in self.mutants)  # fmt: skip
        number = self._first + len(self.mutants)
        self.mutants.append(
            Mutant(
                number=number,
                where=where,
                line=node.lineno,
                source=source,
                change=f"{change} #{same + 1}" if same else change,
            )
        )
        return ast.Call(func=ast.Name(id=SWITCH, ctx=ast.Load()), args=[ast.Constant(number)], keywords=[])

    def _choose(self, node: ast.expr, alternatives: _Alternatives, unchanged: Callable[[], ast.expr]) -> ast.expr:
        """`first if it is on else second if it is on else ... the node`, its own parts changed in turn."""
        source = self._text(node)
        # Copied before `unchanged` changes the parts that they share.
        switches = [(self._switch(node, source, change), copy.deepcopy(other)) for change, other in alternatives]
        chosen = unchanged()
        for test, other in reversed(switches):
            chosen = ast.copy_location(ast.IfExp(test=test, body=other, orelse=chosen), node)
        return chosen

    # -- scopes

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._scope.append(node.name)
        node.body = self._block(node.body) if self._in_function else [self.visit(item) for item in node.body]
        self._scope.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outside = self._returns_bool, self._in_function
        self._scope.append(node.name)
        self._returns_bool = isinstance(node.returns, ast.Name) and node.returns.id == "bool"
        self._in_function = True
        self._idle |= {id(item) for item in _ends(node.body) if _returns_nothing(item)} | {id(node.body[-1])}
        node.body = self._block(node.body)
        self._returns_bool, self._in_function = outside
        self._scope.pop()
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self._value(node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        outside, self._in_text = self._in_text, True
        self.generic_visit(node)
        self._in_text = outside
        return node

    # -- statements

    def _block(self, statements: Iterable[ast.stmt], *, keep: ast.stmt | None = None) -> list[ast.stmt]:
        return [self._statement(item, keep=item is keep) for item in statements]

    def _statement(self, node: ast.stmt, *, keep: bool) -> ast.stmt:
        effect = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        idle = isinstance(node, ast.Return) and id(node) in self._idle
        if keep or idle or not (effect or isinstance(node, _LEAVING)):
            changed: ast.stmt = self.visit(node)
            return changed
        test = self._switch(node, self._text(node), "deleted")
        return ast.copy_location(ast.If(test=test, body=[ast.Pass()], orelse=[self.visit(node)]), node)

    def visit_If(self, node: ast.If) -> ast.AST:
        if ast.unparse(node.test) == "TYPE_CHECKING" or not self._in_function:
            return node
        lone = node.body[0] if len(node.body) == 1 and not node.orelse else None
        node.test = self._condition(node.test)
        node.body = self._block(node.body, keep=lone)
        node.orelse = self._block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        node.test = self._condition(node.test, truths=(False,))
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        node.iter = self._value(node.iter)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        for item in node.items:
            item.context_expr = self._value(item.context_expr)
        node.body = self._block(node.body)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        for handler in node.handlers:
            handler.body = self._block(handler.body)
        node.finalbody = self._block(node.finalbody)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        if node.guard is not None:
            node.guard = self._condition(node.guard)
        node.body = self._block(node.body)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is not None:
            node.value = self._condition(node.value) if self._returns_bool else self._value(node.value)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return node

    # -- expressions

    def _value(self, node: ast.expr) -> ast.expr:
        changed: ast.expr = self.visit(node)
        return changed

    def _condition(self, node: ast.expr, truths: Sequence[bool] = (True, False)) -> ast.expr:
        """A condition, which may be made true and false. What its operands can do by falling away is left to them."""
        if not self._in_function:
            return node
        if isinstance(node, ast.BoolOp):
            truths = [truth for truth in truths if truth is isinstance(node.op, ast.Or)]
        if isinstance(node, ast.Constant):
            return self._value(node)
        alternatives: _Alternatives = [(str(truth).lower(), _becomes(node, truth=truth)) for truth in truths]
        return self._choose(node, alternatives, lambda: self._covered(node))

    def _covered(self, node: ast.expr) -> ast.expr:
        """An expression whose truth is changed one level up."""
        if isinstance(node, ast.Compare):
            return self._compared(node, [])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self._covered(node.operand)
            return node
        if isinstance(node, ast.NamedExpr):
            node.value = self._covered(node.value)
            return node
        if isinstance(node, ast.Call):
            return self._call(node, truths=())  # that one of them holds, or all, is the call's own truth
        return self._value(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        if not self._in_function:
            return node
        alternatives: _Alternatives = []
        for number, operand in enumerate(node.values):
            rest = [*node.values[:number], *node.values[number + 1 :]]
            left = rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)
            alternatives.append((f"without {self._text(operand)}", left))
        return self._choose(node, alternatives, lambda: self._operands(node))

    def _operands(self, node: ast.BoolOp) -> ast.expr:
        return ast.copy_location(ast.BoolOp(op=node.op, values=[self._covered(item) for item in node.values]), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if not self._in_function:
            return node
        return self._compared(node, [(str(truth).lower(), _becomes(node, truth=truth)) for truth in (True, False)])

    def _compared(self, node: ast.Compare, alternatives: _Alternatives) -> ast.expr:
        for number, (operator, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if type(operator) not in _BOUNDS:
                continue
            other, step = _BOUNDS[type(operator)]
            sign, bound = _SIGNS[type(operator)], self._text(right)
            moved = copy.deepcopy(node)
            moved.ops[number] = other()
            alternatives.append((f"{sign} {bound} as {_SIGNS[other]}", moved))
            moved = copy.deepcopy(node)
            moved.comparators[number] = ast.Call(
                func=ast.Name(id=FURTHER, ctx=ast.Load()), args=[right, ast.Constant(step)], keywords=[]
            )
            alternatives.append((f"{sign} {bound} as {sign} {bound} {step:+}", moved))
        if len(node.ops) == 2:  # a chain: either half
            first, middle, last = node.left, *node.comparators
            alternatives.append(
                (f"without {self._text(last)}", ast.Compare(left=first, ops=node.ops[:1], comparators=[middle]))
            )
            alternatives.append(
                (f"without {self._text(first)}", ast.Compare(left=middle, ops=node.ops[1:], comparators=[last]))
            )
        return self._choose(node, alternatives, lambda: self._inside(node))

    def _inside(self, node: ast.expr) -> ast.expr:
        changed: ast.expr = self.generic_visit(node)  # type: ignore[assignment]
        return changed

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self._condition(node) if isinstance(node.op, ast.Not) else self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test = self._condition(node.test)
        node.body, node.orelse = self._value(node.body), self._value(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.iter = self._value(node.iter)
        node.ifs = [self._condition(item) for item in node.ifs]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self._call(node, truths=(True, False))

    def _call(self, node: ast.Call, truths: Sequence[bool]) -> ast.expr:
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        swapped = {"all": "any", "any": "all"}.get(called)
        if not self._in_function or swapped is None:
            return self._inside(node)
        other = copy.deepcopy(node)
        other.func = ast.Name(id=swapped, ctx=ast.Load())
        return self._choose(node, [(f"{swapped} for {called}", other)], lambda: self._quantified(node, truths))

    def _quantified(self, node: ast.Call, truths: Sequence[bool]) -> ast.expr:
        [every] = node.args
        if not isinstance(every, ast.GeneratorExp):
            return self._inside(node)
        every.elt = self._condition(every.elt, truths)
        every.generators = [self.visit(item) for item in every.generators]
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if self._in_function and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
            turned = not node.value.value
            test = self._switch(node.value, f"{node.arg}={node.value.value}", str(turned).lower())
            node.value = ast.IfExp(test=test, body=ast.Constant(turned), orelse=node.value)
            return node
        return self.generic_visit(node)


def _ends(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements behind which a block is over."""
    last = statements[-1]
    yield last
    blocks: list[list[ast.stmt]] = []
    if isinstance(last, ast.If | ast.With):
        blocks = [last.body, last.orelse] if isinstance(last, ast.If) else [last.body]
    elif isinstance(last, ast.Try):
        blocks = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
    for block in blocks:
        if block:
            yield from _ends(block)


def _returns_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return) and (
        node.value is None or (isinstance(node.value, ast.Constant) and node.value.value in (None, False))
    )


def _becomes(node: ast.expr, *, truth: bool) -> ast.expr:
    """True or False; what the expression assigns (`:=`) is assigned all the same."""
    constant = ast.Constant(truth)
    if not any(isinstance(item, ast.NamedExpr) for item in ast.walk(node)):
        return constant
    both = ast.Tuple(elts=[node, constant], ctx=ast.Load())
    return ast.Subscript(value=both, slice=ast.Constant(1), ctx=ast.Load())
