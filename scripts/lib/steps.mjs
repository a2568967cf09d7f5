/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<import('./run.mjs').RunResult>} run captures its output
 */

/**
 * Runs steps, a few at a time, printing a line for each and the output of those that failed.
 * @param {readonly Step[]} steps
 * @param {number} lanes how many run at once
 * @returns {Promise<readonly string[]>} names of the steps that failed
 */
export async function runSteps(steps, lanes) {
  const waiting = [...steps];
  /** @type {string[]} */
  const failed = [];
  const lane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const result = await step.run();
      const seconds = (result.ms / 1000).toFixed(1);
      console.log(
        `${result.ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s${result.timedOut ? ', timed out' : ''})`,
      );
      if (result.ok) continue;
      failed.push(step.name);
      console.log(result.output);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return failed;
}
