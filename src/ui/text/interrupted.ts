/** What is said of a line that a reload of the page has ended, and by the verb of docker in it what follows from that. */
export const interruptedText = {
  ended: (line: string) => `The page was closed or reloaded while this ran, which ended it: ${line}\n`,
  run: 'A container that had begun goes on without it: "docker ps" lists it, "docker attach" and "docker logs" show what it says.\n',
  build: 'No image was made of it. Steps that had finished are kept, and are not run again.\n',
  pull: 'No image is there in part. Ask for it again.\n',
  copy: 'What it was copying may be there in part. Copy it again.\n',
  other: 'What it had done until then is done; nobody has gone on with it.\n',
} as const;
