/** vite gives the address of a built worker; its own types would bring the DOM, which workers have not. */
declare module '*/sealer.ts?worker&url' {
  const url: string;
  export default url;
}
