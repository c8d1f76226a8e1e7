// Reads settings that are numbers, or numbers by name, in a text: of an environment variable or of a command line.

import { z } from 'zod';

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * A schema for a number that may come as text, in decimals. An empty text, `true` and the like are no numbers: an empty variable of a shell
 * must not become 0.
 */
export const numberText = <T extends z.ZodType>(schema: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : value),
    schema,
  );

/** A schema for values by name that may come as text, `a=1,b=2`. Each name is there once, with one value; an empty text names none. */
export const pairsText = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value, context) => {
    if (typeof value !== 'string') return value;
    const pairs = value.trim() === '' ? [] : value.split(',').map((part) => part.split('='));
    const names = pairs.map(([name = '']) => name.trim());
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const wrong = pairs.find((sides) => sides.length !== 2 || sides.some((side) => side.trim() === ''));
    if (wrong !== undefined)
      return refuse(`must be NAME=NUMBER, with commas between them; "${wrong.join('=')}" is not`);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) return refuse(`must name "${twice}" once`);
    return Object.fromEntries(pairs.map(([, side = ''], index) => [names[index], side.trim()]));
  }, schema);
