// Converts stored objects to the wire's form, by the one schema that describes both. Names become snake_case; keys that are
// data (labels, codes, metadata) stay as they are. Knows no schema in particular.

import { z } from 'zod';
import { type SnakeCased, toSnakeCase } from './snake-case.ts';

type Schema = z.core.$ZodType;

/** What a schema becomes on the wire. */
type WireOf<S extends Schema> = z.ZodType<SnakeCased<z.output<S>>>;

/**
 * Makes the schema of an answer from that of the stored object. It has no defaults, since an answer has every field, and it
 * allows unknown names, since a later server may say more. Descriptions and bounds stay.
 */
export const toWireSchema = <S extends Schema>(schema: S): WireOf<S> => convertSchema(schema) as WireOf<S>;

/**
 * Converts a value of `schema` to what {@link toWireSchema} describes. Fields that the schema does not have are
 * dropped.
 */
export const toWire = <S extends Schema>(schema: S, value: z.output<S>): SnakeCased<z.output<S>> =>
  convertValue(schema, value) as SnakeCased<z.output<S>>;

/** Schemas that only say how an absent value is read. */
const ABSENCE = new Set(['default', 'prefault', 'readonly', 'nonoptional']);

function convertSchema(schema: Schema): z.ZodType {
  const { def } = schema as z.ZodType & { def: z.core.$ZodTypeDef };
  const described = (made: z.ZodType) => {
    const meta = (schema as z.ZodType).meta();
    return meta === undefined ? made : made.meta(meta);
  };
  if (ABSENCE.has(def.type)) return described(convertSchema((def as z.core.$ZodDefaultDef).innerType));
  switch (def.type) {
    case 'object': {
      const { shape } = def as z.core.$ZodObjectDef;
      return described(
        z.object(
          Object.fromEntries(
            Object.entries(shape).map(([name, field]) => [toSnakeCase(name), convertSchema(field)]),
          ),
        ),
      );
    }
    case 'array': {
      const array = def as z.core.$ZodArrayDef;
      return described(
        z.core.clone(schema as z.ZodArray, { ...array, element: convertSchema(array.element) } as never),
      );
    }
    case 'record': {
      const { valueType } = def as z.core.$ZodRecordDef;
      return described(z.record(z.string(), convertSchema(valueType)));
    }
    case 'union': {
      const { options } = def as z.core.$ZodUnionDef;
      return described(z.union(options.map(convertSchema)));
    }
    case 'nullable':
      return described(convertSchema((def as z.core.$ZodNullableDef).innerType).nullable());
    case 'optional':
      return described(convertSchema((def as z.core.$ZodOptionalDef).innerType).optional());
    default:
      return schema as z.ZodType;
  }
}

function convertValue(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { def } = schema as z.ZodType & { def: z.core.$ZodTypeDef };
  if ('innerType' in def) return convertValue(def.innerType as Schema, value);
  const fields = (of: (name: string) => readonly [string, Schema | undefined]) =>
    Object.fromEntries(
      Object.entries(value).flatMap(([name, field]) => {
        const [wireName, fieldSchema] = of(name);
        return fieldSchema === undefined ? [] : [[wireName, convertValue(fieldSchema, field)]];
      }),
    );
  switch (def.type) {
    case 'object': {
      const { shape } = def as z.core.$ZodObjectDef;
      return fields((name) => [toSnakeCase(name), shape[name]]);
    }
    case 'record': {
      const { valueType } = def as z.core.$ZodRecordDef;
      return fields((name) => [name, valueType]);
    }
    case 'array':
      return (value as unknown[]).map((item) => convertValue((def as z.core.$ZodArrayDef).element, item));
    case 'union': {
      const { options } = def as z.core.$ZodUnionDef;
      const option = options.find((candidate) => z.safeParse(candidate, value).success);
      return option === undefined ? value : convertValue(option, value);
    }
    default:
      return value;
  }
}
