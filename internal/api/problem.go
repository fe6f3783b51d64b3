package api

import (
	"net/http"

	"easel/internal/schema"
)

// Problem is an error answer. Its JSON is Replicate's, down to the order of
// the keys, which differs from case to case.
type Problem struct {
	Status     int
	Title      string
	Detail     string
	Fields     []schema.Violation // of a failed validation
	RetryAfter string             // seconds
	bare       bool               // only "detail" is told
}

func (p *Problem) Error() string { return p.Detail }

// MarshalJSON writes the keys in the order that Replicate does.
func (p *Problem) MarshalJSON() ([]byte, error) {
	switch {
	case p.Fields != nil:
		return marshal(struct {
			Detail string             `json:"detail"`
			Status int                `json:"status"`
			Title  string             `json:"title"`
			Fields []schema.Violation `json:"invalid_fields"`
		}{p.Detail, p.Status, p.Title, p.Fields})
	case p.Title != "":
		return marshal(struct {
			Title  string `json:"title"`
			Detail string `json:"detail"`
			Status int    `json:"status"`
		}{p.Title, p.Detail, p.Status})
	case p.bare:
		return marshal(struct {
			Detail string `json:"detail"`
		}{p.Detail})
	}
	return marshal(struct {
		Detail string `json:"detail"`
		Status int    `json:"status"`
	}{p.Detail, p.Status})
}

func problem(status int, detail string) *Problem { return &Problem{Status: status, Detail: detail} }

func errNotFound() *Problem {
	return problem(http.StatusNotFound, "The requested resource could not be found.")
}

func errNoFile() *Problem {
	return &Problem{Status: http.StatusNotFound, Detail: "File not found", bare: true}
}

func errNoToken() *Problem {
	return &Problem{Status: http.StatusUnauthorized, Title: "Unauthenticated", Detail: "You did not pass an authentication token"}
}

func errBadToken() *Problem {
	return &Problem{Status: http.StatusUnauthorized, Title: "Unauthenticated", Detail: "You did not pass a valid authentication token"}
}

func errVersion() *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Title: "Invalid version or not permitted",
		Detail: "The specified version does not exist (or perhaps you don't have permission to use it?)"}
}

func errThrottled() *Problem {
	return &Problem{Status: http.StatusTooManyRequests, RetryAfter: "1", bare: true,
		Detail: "Request was throttled. Expected available in 1 second."}
}

func errJSON(err error) *Problem {
	return problem(http.StatusBadRequest, "Failed to parse request body as JSON: "+err.Error())
}

func errInvalid(e *schema.Invalid) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Title: "Input validation failed", Detail: e.Error(), Fields: e.Violations}
}
