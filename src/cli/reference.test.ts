import { expect, it } from 'vitest';
import { dockerProgram } from './docker/docker-program';
import { referenceOf } from './grammar/reference';
import { hostProgram } from './lab/host-program';
import { instanceProgram } from './lab/instance-program';
import { netProgram } from './lab/net-program';
import { builtins } from './shell/builtins/builtins';

const introduction = `# Commands of the shell

The shell of the lab is a tab of the dock ("Shell of the lab"). Words are quoted as in any shell; commands are joined by
\`|\`, \`;\`, \`&&\` and \`||\`, and read and write files of the shared folders by \`<\`, \`>\`, \`>>\` and \`2>\`. Tab completes
commands, flags, files and the names of what there is. Ctrl-C ends what runs; a command that has not ended two seconds later
is left, and there is a prompt again.

Of a POSIX shell's language there is besides: variables (\`A=1\`, \`A=1 command\`, \`$A\`, \`\${A}\`, \`\${#A}\`, \`$?\`), words for what is
not set (\`\${A:-word}\`, \`\${A:+word}\`, \`\${A:?word}\`, also without the colon; a word with spaces as a whole between double quotes),
\`~\` for HOME at the beginning of a word,
the output of a command in a line (\`docker stop $(docker ps -q)\`, also between backquotes, nested, and unsplit between double
quotes), and documents (\`docker build -f - . <<EOF\`, as they are by \`<<'EOF'\`, without leading tabs by \`<<-EOF\`). What reads no
more ends what writes to it, without a word. There are no patterns of file names, functions, loops, conditions, arithmetic or jobs in
the background; a line with arithmetic is refused, and so are other forms of \`\${…}\`. Patterns of \`grep\` are JavaScript's.

The text below is made of the same grammar that parses the commands:
\`npx vitest run --project unit src/cli/reference.test.ts -u\` writes it anew.
`;

it('docs/CLI.md says what the grammar says', async () => {
  const own = builtins.map(({ name, summary }) => `- \`${name}\`: ${summary}`).sort();
  const text = [
    introduction,
    '## The shell itself',
    '',
    ...own,
    '',
    referenceOf(dockerProgram),
    referenceOf(instanceProgram('vm')),
    referenceOf(hostProgram),
    referenceOf(instanceProgram('unikernel')),
    referenceOf(netProgram),
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../../docs/CLI.md');
});
