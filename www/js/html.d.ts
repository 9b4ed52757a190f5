/** A page as text: esbuild puts it into the script. */
declare module "*.html" {
  const text: string;
  export default text;
}
