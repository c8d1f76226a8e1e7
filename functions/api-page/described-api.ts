// What the pages of the API read of its OpenAPI document. Knows no route and no HTML.

/** A JSON schema, with the keywords that the pages show. */
export interface DescribedSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, DescribedSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | DescribedSchema;
  readonly items?: DescribedSchema;
  readonly anyOf?: readonly DescribedSchema[];
  readonly oneOf?: readonly DescribedSchema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A parameter of an operation. */
export interface DescribedParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: DescribedSchema;
}

/** A body in one of its media types. */
export interface DescribedContent {
  readonly schema?: DescribedSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, unknown>>;
}

/** What an operation answers with one status. */
export interface DescribedResponse {
  readonly description: string;
  readonly content?: Readonly<Record<string, DescribedContent>>;
}

/** An operation of the API. */
export interface DescribedOperation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly DescribedParameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, DescribedContent>>;
  };
  readonly responses: Readonly<Record<string, DescribedResponse>>;
}

/** The document. */
export interface DescribedApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, DescribedSchema>> };
}

/** An operation with its place. */
export interface PlacedOperation extends DescribedOperation {
  /** E.g. `post`. */
  readonly method: string;
  /** E.g. `/v1/models/{model}`. */
  readonly path: string;
}

/** All operations, in the order of the document. */
export const operationsOf = ({ paths }: DescribedApi): readonly PlacedOperation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );

/** The component that a schema refers to, e.g. `Model`; undefined where it refers to none. */
export const componentOf = ({ $ref }: DescribedSchema): string | undefined => $ref?.split('/').at(-1);
