package schema

import "encoding/json"

// object is a JSON object under construction.
type object = map[string]any

// inputSchema is the JSON schema of an input object.
func inputSchema() object {
	properties, required := object{}, []string{}
	for _, f := range Fields() {
		properties[f.Name] = f.schema()
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return object{"type": "object", "title": "Input", "required": required, "properties": properties}
}

func (f Field) schema() object {
	s := object{"type": f.Type, "title": f.Title, "description": f.Description, "x-order": f.Order}
	if f.Format != "" {
		s["format"] = f.Format
	}
	if f.Enum != nil {
		s["enum"] = f.Enum
	}
	if f.Default != nil {
		s["default"] = f.Default
	}
	if f.Minimum != nil {
		s["minimum"] = *f.Minimum
	}
	if f.Maximum != nil {
		s["maximum"] = *f.Maximum
	}
	return s
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func answer(description, schema string) object {
	return object{"description": description, "content": object{"application/json": object{"schema": ref(schema)}}}
}

// OpenAPI is the document that Cog publishes for a model: its clients read
// components.schemas.Input and .Output from it, and follow every $ref.
func OpenAPI() object {
	text := object{"type": "string"}
	moment := object{"type": "string", "format": "date-time"}
	return object{
		"openapi": "3.0.2",
		"info":    object{"title": "Cog", "version": "0.1.0"},
		"paths": object{
			"/": object{"get": object{"summary": "Root", "operationId": "root__get",
				"responses": object{"200": object{"description": "Where everything is"}}}},
			"/health-check": object{"get": object{"summary": "Healthcheck", "operationId": "healthcheck_health_check_get",
				"responses": object{"200": object{"description": "How the server does"}}}},
			"/predictions": object{"post": object{"summary": "Predict", "description": "Run a single prediction on the model",
				"operationId": "predict_predictions_post",
				"requestBody": object{"content": object{"application/json": object{"schema": ref("PredictionRequest")}}},
				"responses":   object{"200": answer("The finished prediction", "PredictionResponse"), "422": answer("Invalid input", "HTTPValidationError")}}},
			"/predictions/{prediction_id}": object{"put": object{"summary": "Predict Idempotent", "description": "Run a single prediction on the model, once for each id",
				"operationId": "predict_idempotent_predictions__prediction_id__put",
				"parameters":  []object{predictionID},
				"requestBody": object{"required": true, "content": object{"application/json": object{"schema": ref("PredictionRequest")}}},
				"responses":   object{"200": answer("The finished prediction", "PredictionResponse"), "422": answer("Invalid input", "HTTPValidationError")}}},
			"/predictions/{prediction_id}/cancel": object{"post": object{"summary": "Cancel", "description": "Cancel a running prediction",
				"operationId": "cancel_predictions__prediction_id__cancel_post",
				"parameters":  []object{predictionID},
				"responses":   object{"200": object{"description": "Canceled"}, "404": object{"description": "No such running prediction"}}}},
		},
		"components": object{"schemas": object{
			"Input":  inputSchema(),
			"Output": object{"type": "array", "items": object{"type": "string", "format": "uri"}, "title": "Output"},
			"Status": object{"type": "string", "title": "Status", "description": "Where a prediction stands.",
				"enum": []string{"starting", "processing", "succeeded", "canceled", "failed"}},
			"WebhookEvent": object{"type": "string", "title": "WebhookEvent", "description": "When to call the webhook.",
				"enum": []string{"start", "output", "logs", "completed"}},
			"PredictionRequest": object{"type": "object", "title": "PredictionRequest", "properties": object{
				"id": text, "input": ref("Input"), "created_at": moment,
				"webhook": object{"type": "string", "format": "uri"}, "output_file_prefix": text,
				"webhook_events_filter": object{"type": "array", "items": ref("WebhookEvent"), "default": []string{"start", "output", "logs", "completed"}},
			}},
			"PredictionResponse": object{"type": "object", "title": "PredictionResponse", "properties": object{
				"id": text, "version": text, "input": ref("Input"), "output": ref("Output"), "status": ref("Status"),
				"error": text, "logs": text, "metrics": object{"type": "object"},
				"created_at": moment, "started_at": moment, "completed_at": moment,
			}},
			"HTTPValidationError": object{"type": "object", "title": "HTTPValidationError",
				"properties": object{"detail": object{"type": "array", "items": ref("ValidationError")}}},
			"ValidationError": object{"type": "object", "title": "ValidationError", "required": []string{"loc", "msg", "type"},
				"properties": object{"loc": object{"type": "array", "items": object{"anyOf": []object{{"type": "string"}, {"type": "integer"}}}}, "msg": text, "type": text}},
		}},
	}
}

var predictionID = object{"name": "prediction_id", "in": "path", "required": true, "schema": object{"type": "string"}}

// Document is OpenAPI as indented JSON with sorted keys: the same bytes every time.
func Document() []byte {
	doc, err := json.MarshalIndent(OpenAPI(), "", "  ")
	if err != nil {
		panic("schema: the document does not marshal: " + err.Error()) // plain maps and strings always do
	}
	return append(doc, '\n')
}
