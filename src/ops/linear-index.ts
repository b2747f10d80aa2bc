// Row-major positions: from the indices of one shape to those of another with the same number of elements.
import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";

interface Group {
  readonly to: readonly number[];
  readonly from: readonly number[];
}

/**
 * Indices into dims `from` of the element that has the given indices in dims `to`. Dims are matched in the smallest groups with equal
 * products, so a squeezed or split dim leaves its neighbours' indices alone instead of running them through div and mod.
 */
export function reindex(index: readonly Poly[], to: Dims, from: Dims): readonly Poly[] {
  const out = from.map(() => Poly.zero);
  for (const group of matchGroups(to, from)) {
    const position = linearise(
      group.to.map(d => index[d]!),
      group.to.map(d => to[d]!),
    );
    const parts = delinearise(
      position,
      group.from.map(d => from[d]!),
    );
    group.from.forEach((d, k) => {
      out[d] = parts[k]!;
    });
  }
  return out;
}

export function linearise(index: readonly Poly[], dims: Dims): Poly {
  let position = Poly.zero;
  index.forEach((i, d) => {
    position = position.mul(dims[d]!).add(i);
  });
  return position;
}

export function delinearise(position: Poly, dims: Dims): readonly Poly[] {
  const out: Poly[] = [];
  let rest = position;
  for (let d = dims.length - 1; d > 0; d--) {
    out.unshift(opaque("mod", rest, dims[d]!));
    rest = opaque("div", rest, dims[d]!);
  }
  return dims.length === 0 ? [] : [rest, ...out];
}

const notOne = (dims: Dims): number[] => dims.flatMap((d, k) => (d.isOne ? [] : [k]));

function matchGroups(to: Dims, from: Dims): readonly Group[] {
  const a = notOne(to);
  const b = notOne(from);
  const groups: Group[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const size = groupSize(
      a.slice(i).map(d => to[d]!),
      b.slice(j).map(d => from[d]!),
    );
    groups.push({ to: a.slice(i, i + size.to), from: b.slice(j, j + size.from) });
    i += size.to;
    j += size.from;
  }
  return groups;
}

/** How many leading dims of each side have one product; all of them where that can't be told. */
function groupSize(a: Dims, b: Dims): { to: number; from: number } {
  let [to, from] = [1, 1];
  let [p, q] = [a[0]!, b[0]!];
  while (!p.equals(q)) {
    if (from < b.length && divides(q, p)) q = q.mul(b[from++]!);
    else if (to < a.length && divides(p, q)) p = p.mul(a[to++]!);
    else return { to: a.length, from: b.length };
  }
  return { to, from };
}

/** is `whole` a multiple of `part`, or, in numbers, merely larger? */
function divides(part: Poly, whole: Poly): boolean {
  if (part.isConst && whole.isConst) return part.constant < whole.constant;
  return opaque("mod", whole, part).isZero;
}
