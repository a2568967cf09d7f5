/** Words in the place of the lab while another tab has it. They come with what shows them. */
export const ownershipText = {
  otherHeading: 'Strata is open in another tab',
  otherBody: 'One tab at a time runs the machines, so that nothing is written twice. They go on there.',
  lostHeading: 'Another tab has taken over',
  lostBody: 'The machines go on in the other tab. Nothing is lost.',
  freeHeading: 'The other tab was closed',
  freeBody: 'Go on with the machines here.',
  takeOver: 'Use Strata in this tab',
  taking: 'Taking over',
} as const;
