// Fields of a protobuf message, as protobufjs takes them in a description of messages. Knows no message.

/** A field with at most one value. @param id its number in the .proto file. */
export const one = (type: string, id: number) => ({ type, id });

/** A repeated field. @param id its number in the .proto file. */
export const many = (type: string, id: number) => ({ rule: 'repeated', type, id });
