// Programs' attributes as the addon takes them.

import type { Addon, AddonAttribute } from '../addon/addon.ts';
import { DATA_TYPE } from '../addon/tensors.ts';
import type { Attribute, Attributes } from '../program/program.ts';

function toAddonAttribute(addon: Addon, name: string, attribute: Attribute): AddonAttribute {
  switch (attribute.kind) {
    case 'type':
      return { name, type: addon.TF_ATTR_TYPE, value: DATA_TYPE[attribute.value] };
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

/** All attributes of an op, as the addon takes them. */
export const toAddonAttributes = (addon: Addon, attributes: Attributes): readonly AddonAttribute[] =>
  Object.entries(attributes).map(([name, attribute]) => toAddonAttribute(addon, name, attribute));
