import { basename } from 'node:path';
export const handler = async () => `es module ${basename(import.meta.url)}`;
