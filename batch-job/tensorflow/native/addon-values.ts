// Programs' types and attributes as the addon takes them.

import type { Attribute, Attributes, DataType } from '../program/program.ts';
import type { Addon, AddonAttribute } from './addon.ts';

/** TensorFlow's number of a type. */
export function addonType(addon: Addon, dtype: DataType): number {
  switch (dtype) {
    case 'float32':
      return addon.TF_FLOAT;
    case 'int32':
      return addon.TF_INT32;
    case 'resource':
      return addon.TF_RESOURCE;
  }
}

function toAddonAttribute(addon: Addon, name: string, attribute: Attribute): AddonAttribute {
  switch (attribute.kind) {
    case 'type':
      return { name, type: addon.TF_ATTR_TYPE, value: addonType(addon, attribute.value) };
    case 'int':
    case 'ints':
      return { name, type: addon.TF_ATTR_INT, value: attribute.value };
    case 'float':
      return { name, type: addon.TF_ATTR_FLOAT, value: attribute.value };
    case 'bool':
      return { name, type: addon.TF_ATTR_BOOL, value: attribute.value };
    case 'string':
      return { name, type: addon.TF_ATTR_STRING, value: attribute.value };
  }
}

/** All attributes of an op. */
export const toAddonAttributes = (addon: Addon, attributes: Attributes): readonly AddonAttribute[] =>
  Object.entries(attributes).map(([name, attribute]) => toAddonAttribute(addon, name, attribute));
