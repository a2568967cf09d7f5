/** Vite gives a stylesheet imported this way as a string. */
declare module '*.css?inline' {
  const css: string;
  export default css;
}

declare module '*.css';
