// Walks over loop IR: parts of expressions and statements, copies with moved addresses, lambda lifting of outlined blocks.
import type { Address, Expr, Func, Reg, Stmt } from "./loop.js";
import { callStorePart, storePartFunc } from "./store-part.js";

export function partsOf(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case "op":
    case "shuffle":
    case "given":
      return e.args;
    case "select":
      return [e.condition, e.yes, e.no];
    case "load":
      return [e.at.pointer];
    case "loadLane":
      return [e.at.pointer, e.vector];
    default:
      return none;
  }
}
const none: readonly Expr[] = [];
export function exprsOf(s: Stmt): readonly Expr[] {
  switch (s.kind) {
    case "set":
      return [s.value];
    case "store":
      return [s.at.pointer, s.value];
    case "storePart":
      return [s.at.pointer, s.value, s.bytes];
    case "ahead":
      return [s.at.pointer];
    case "for":
      return [s.limit];
    case "if":
    case "trap":
      return [s.condition];
    default:
      return [];
  }
}
export function blocksOf(s: Stmt): readonly (readonly Stmt[])[] {
  if (s.kind === "for" || s.kind === "outline") return [s.body];
  return s.kind === "if" ? [s.yes, s.no] : [];
}

export function reads(body: readonly Stmt[], reg: Reg): boolean {
  const inExpr = (e: Expr): boolean => (e.kind === "reg" ? e.reg === reg : partsOf(e).some(inExpr));
  return body.some(
    s => exprsOf(s).some(inExpr) || (s.kind === "call" && s.args.includes(reg)) || blocksOf(s).some(b => reads(b, reg)),
  );
}

/** A copy whose addresses are moved on; registers are shared, since a copy runs after the one before it. */
export function shifted(body: readonly Stmt[], by: (a: Address) => number): Stmt[] {
  const address = (a: Address): Address => ({ pointer: expr(a.pointer), offset: a.offset + by(a) });
  const expr = (e: Expr): Expr => {
    switch (e.kind) {
      case "op":
      case "given":
        return { ...e, args: e.args.map(expr) };
      case "shuffle":
        return { ...e, args: [expr(e.args[0]), expr(e.args[1])] };
      case "select":
        return { ...e, condition: expr(e.condition), yes: expr(e.yes), no: expr(e.no) };
      case "load":
        return { ...e, at: address(e.at) };
      case "loadLane":
        return { ...e, at: address(e.at), vector: expr(e.vector) };
      default:
        return e;
    }
  };
  const stmt = (s: Stmt): Stmt => {
    switch (s.kind) {
      case "set":
        return { ...s, value: expr(s.value) };
      case "store":
        return { ...s, at: address(s.at), value: expr(s.value) };
      case "storePart":
        return { ...s, at: address(s.at), value: expr(s.value), bytes: expr(s.bytes) };
      case "ahead":
        return { ...s, at: address(s.at) };
      case "for":
        return { ...s, limit: expr(s.limit), body: s.body.map(stmt) };
      case "if":
        return { ...s, condition: expr(s.condition), yes: s.yes.map(stmt), no: s.no.map(stmt) };
      case "outline":
        return { ...s, body: s.body.map(stmt) };
      case "trap":
        return { ...s, condition: expr(s.condition) };
      case "call":
        return s;
    }
  };
  return body.map(stmt);
}

/** Registers that a block reads before it has set them itself. */
function freeIn(body: readonly Stmt[], defined: Set<Reg>, into: Set<Reg>): void {
  const use = (r: Reg) => {
    if (!defined.has(r)) into.add(r);
  };
  const expr = (e: Expr): void => (e.kind === "reg" ? use(e.reg) : partsOf(e).forEach(expr));
  for (const s of body) {
    exprsOf(s).forEach(expr);
    if (s.kind === "for") use(s.counter);
    if (s.kind === "call") s.args.forEach(use);
    for (const b of blocksOf(s)) freeIn(b, defined, into);
    if (s.kind === "set") defined.add(s.reg);
  }
}

/** Engines refuse functions with more parameters (limits of the WebAssembly JavaScript interface). */
const MAX_PARAMS = 1000;

/**
 * Each outlined block becomes a function of its free registers, or stays where it is if they are too many; the entry comes last,
 * callees before callers. Partial stores become calls of a function too, unless the emitter has a word for them.
 */
export function outlined(entry: Func, options: { readonly partialStores?: "kept" } = {}): Func[] {
  const out: Func[] = [];
  let partial: number | undefined;
  const lift = (body: readonly Stmt[]): Stmt[] =>
    body.flatMap((s): Stmt | Stmt[] => {
      if (s.kind === "storePart" && options.partialStores !== "kept") {
        partial ??= out.push(storePartFunc()) - 1;
        return callStorePart(s, partial);
      }
      if (s.kind === "for") return { ...s, body: lift(s.body) };
      if (s.kind === "if") return { ...s, yes: lift(s.yes), no: lift(s.no) };
      if (s.kind !== "outline") return s;
      // inner blocks first: as calls they need no second look
      const lifted = lift(s.body);
      const free = new Set<Reg>();
      freeIn(lifted, new Set(), free);
      const params = [...free];
      if (params.length > MAX_PARAMS) return lifted;
      out.push({ name: s.name, params, body: lifted });
      return { kind: "call", callee: out.length - 1, args: params };
    });
  const body = lift(entry.body);
  out.push({ ...entry, body });
  return out;
}
