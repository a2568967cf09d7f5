/** The folder that the page shows, made when it is first wanted; machines that are made in the page have it at `/shared`. */
export const pageFolder = 'shared';
