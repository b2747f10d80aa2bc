// Loop IR: what every CPU emitter consumes. Registers are mutable and typed; an address is a pointer plus a constant offset.
export type Type = "i32" | "i64" | "f32" | "f64" | "v128";
export interface Reg {
  readonly id: number;
  readonly type: Type;
  readonly name: string;
}
export interface Func {
  readonly name: string;
  readonly params: readonly Reg[];
  readonly body: readonly Stmt[];
}
// biome-ignore lint/suspicious/noExplicitAny: placeholder until the lowering lands
export type Stmt = any;
