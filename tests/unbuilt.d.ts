// Stands for the engine's types where the page has not been built: nothing is known of them then, and nothing about them is checked.
// `cargo run --release -- build` writes the real ones to target/page/types; `bash tests/run.sh types` asks for them.
export type Lab = any;
export const help: any, matrix_product: any, read_state: any, schema: any;
export const decode_sheet: any, pytorch_script: any, read_files: any;
declare const start: any;
export default start;
