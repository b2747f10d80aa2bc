// What Vite's suffixes give: the address of a file, its text, a worker.
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*?raw" {
  const text: string;
  export default text;
}
declare module "*.css" {}
