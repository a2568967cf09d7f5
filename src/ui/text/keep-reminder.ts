/** Words of the reminder to save what the browser may throw away. They come with it. */
export const reminderText = {
  title: 'What is here may go',
  body: 'This browser may throw away what the page has stored when room is short. As a file it is safe.',
  save: 'Save the lab',
} as const;
