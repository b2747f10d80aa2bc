// Operators of users, so that a mistake in one of their functions is a sentence about that operator, and no wrong number. Built-in ones are tested
// instead.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import type { HostValue } from "../runtime/host-value.js";
import { AzulejoError } from "../support/errors.js";
import { Tile } from "../tile/index.js";
import type { HostBody, HostNode, KernelContext, NodeInfo, Operator } from "./operator.js";

/** The same operator, whose functions are watched. They throw AzulejoError operator-failed where the operator's own fail. */
export function watched(operator: Operator): Operator {
  const watch = <A extends unknown[], R>(name: keyof Operator, f: ((...args: A) => R) | undefined) =>
    f && { [name]: (...args: A): R => asked(operator, name, () => f(...args)) };
  const { at, kernels, shape, dtypes: typesOf, host } = operator;
  return {
    ...operator,
    ...watch("adapt", operator.adapt),
    ...watch("values", operator.values),
    ...watch("expand", operator.expand),
    ...watch("derivative", operator.derivative),
    ...watch("phases", operator.phases),
    ...watch("concat", operator.concat),
    ...watch("makesText", operator.makesText),
    shape: node => askedOf(operator, "shape", node, n => record(operator, "shape", shape(n))),
    ...(typesOf ? { dtypes: node => askedOf(operator, "dtypes", node, n => knownDtypes(operator, typesOf(n))) } : {}),
    ...(at ? { at: context => bodies(operator, context) } : {}),
    ...(kernels ? { kernels: node => askedOf(operator, "kernels", node, n => list(operator, kernels(n))) } : {}),
    ...(host ? { host: watchedHost(operator, host) } : {}),
  };
}

function failed(operator: Operator, sentence: string, cause?: unknown): AzulejoError {
  const domain = operator.domain ? `${operator.domain}.` : "";
  const options = cause === undefined ? {} : { cause };
  return new AzulejoError(
    "operator-failed",
    `Operator "${domain}${operator.name}": ${sentence}; correct the operator`,
    options,
  );
}
function thrown(operator: Operator, what: string, cause: unknown): unknown {
  if (cause instanceof AzulejoError) return cause;
  return failed(operator, `its function ${what} threw ${String(cause)}`, cause);
}
function asked<R>(operator: Operator, what: string, f: () => R, reads?: Reads<NodeInfo>): R {
  try {
    return f();
  } catch (cause) {
    throw reads?.missing.size ? lacking(operator, what, reads, cause) : thrown(operator, what, cause);
  }
}
function askedOf<N extends NodeInfo, R>(operator: Operator, what: string, node: N, f: (node: N) => R): R {
  const reads = watchReads(operator, node);
  return asked(operator, what, () => f(reads.node), reads);
}

/** The node, and which of its declared attributes were read that have no value. */
interface Reads<N extends NodeInfo> {
  readonly node: N;
  readonly missing: ReadonlySet<string>;
}
/** An attribute that is neither there nor has a default may be asked for; who can't compute with undefined is told what it was. */
function watchReads<N extends NodeInfo>({ attributes: declared = {} }: Operator, node: N): Reads<N> {
  const missing = new Set<string>();
  const attributes = new Proxy(node.attributes, {
    get(all, name: string) {
      if (all[name] === undefined && Object.hasOwn(declared, name)) missing.add(name);
      return all[name];
    },
  });
  return { node: { ...node, attributes }, missing };
}
function lacking(operator: Operator, what: string, { node, missing }: Reads<NodeInfo>, cause: unknown): AzulejoError {
  const [name] = missing;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AzulejoError(
    "operator-attribute",
    `${operator.name} "${node.name}": attribute "${name}" (${operator.attributes![name!]!.type}) is missing and has no default, and the operator's function ${what} read it and failed (${why}); give it a default or a value, or make it required`,
    { cause },
  );
}

function record<R extends object>(operator: Operator, what: string, value: R): R {
  if (Object(value) === value) return value;
  throw failed(
    operator,
    `its function ${what} gives ${String(value)}, and must give an object with an entry for each output`,
  );
}
function list<R>(operator: Operator, value: readonly R[]): readonly R[] {
  if (Array.isArray(value)) return value;
  throw failed(
    operator,
    `its function kernels gives ${String(value)}, and must give a list of kernels: [kernel(…).ir]`,
  );
}
function knownDtypes(operator: Operator, given: Readonly<Record<string, Dtype>>): Readonly<Record<string, Dtype>> {
  for (const [output, dtype] of Object.entries(record(operator, "dtypes", given)))
    if (!Object.hasOwn(dtypes, dtype))
      throw failed(
        operator,
        `its function dtypes gives "${String(dtype)}" for ${output}, which is none of ${Object.keys(dtypes).join(", ")}`,
      );
  return given;
}

/** dtype of an output, as inference has it */
const dtypeOf = ({ dtypes: typesOf }: Operator, node: NodeInfo, output: string): Dtype | undefined =>
  typesOf ? typesOf(node)[output] : node.dtypes[node.present[0]!];

function bodies(operator: Operator, context: KernelContext): ReturnType<NonNullable<Operator["at"]>> {
  const reads = watchReads(operator, context);
  const given = asked(operator, "at", () => record(operator, "at", operator.at!(reads.node)), reads);
  return Object.fromEntries(
    context.wanted.map(output => {
      const body = given[output];
      if (typeof body !== "function")
        throw failed(operator, `its function at gives no function of the indices for ${output}`);
      const wanted = dtypeOf(operator, context, output);
      const checked: typeof body = (...index) => {
        const value: unknown = asked(operator, "at", () => body(...index), reads);
        if (!(value instanceof Tile))
          throw failed(
            operator,
            `${output} of its function at is ${String(value)} and no tile; make a number one with literal(dtype, number)`,
          );
        if (wanted !== undefined && value.dtype !== wanted)
          throw failed(
            operator,
            `${output} of its function at is ${value.dtype}, and inference takes it for ${wanted}; cast it, or say so in dtypes`,
          );
        return value;
      };
      return [output, checked];
    }),
  );
}

function watchedHost(operator: Operator, host: HostBody): HostBody {
  const { types, run } = host;
  return {
    ...host,
    ...(types
      ? { types: node => asked(operator, "host.types", () => record(operator, "host.types", types(node))) }
      : {}),
    ...(run
      ? {
          run: async (inputs, node, services) => {
            try {
              const values = record(operator, "host.run", await run(inputs, node, services));
              for (const output of node.wanted) checkValue(operator, node, output, values[output]);
              return values;
            } catch (cause) {
              throw thrown(operator, "host.run", cause);
            }
          },
        }
      : {}),
  };
}

/** Tensors of numbers are as `types` says: what follows was compiled for that. */
function checkValue(operator: Operator, node: HostNode, output: string, value: HostValue): void {
  const type = operator.host?.types?.(node)[output];
  if (!type || type.container || type.text) return;
  const { dtype, dims, data } = Object(value) as Partial<Extract<HostValue, { dims: readonly number[] }>>;
  const wrong = (what: string): AzulejoError => failed(operator, `${output} of its function host.run ${what}`);
  if (!Array.isArray(dims) || data === undefined) throw wrong("is no tensor { dtype, dims, data }");
  if (type.dtype && dtype !== type.dtype) throw wrong(`is ${dtype}, and host.types says ${type.dtype}`);
  const fits = type.dims?.length === dims.length && type.dims.every((d, i) => !d.isConst || d.constant === dims[i]);
  if (type.dims && !fits)
    throw wrong(`has dims [${dims.join(", ")}], and host.types says [${type.dims.map(d => d.print()).join(", ")}]`);
  const size = dims.reduce((a: number, b: number) => a * b, 1);
  if (data.length !== size) throw wrong(`has ${data.length} elements, and its dims [${dims.join(", ")}] make ${size}`);
}
