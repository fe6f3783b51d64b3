package site

import (
	"errors"
	"io"
	"net/http"
	"unicode/utf16"

	"github.com/labstack/echo/v4"
)

// Desk is what the form asks of the engine while a request is being written.
type Desk interface {
	// Tokens counts a prompt; kept is how many of its bytes are read.
	Tokens(variant, prompt string) (count, limit, kept int, err error)
	// LoRAs lists the operator's own files. canAdd says whether Add may work.
	LoRAs() (names []string, canAdd bool)
	// Card is what a file is and what of it the model takes, to be sent as
	// JSON; the name "" is the main LoRA. nil: there is none.
	Card(name string) (any, error)
	Add(name string, content io.Reader) error
}

// ErrNotReady is met by a question that comes while the engine is readied.
var ErrNotReady = errors.New("the engine is being readied")

// maxLoRA is the most bytes of an uploaded adapter.
const maxLoRA = 4 << 30

// tokens tells how full a prompt is. Kept counts UTF-16 units, as script does.
func (s *Site) tokens(c echo.Context) error {
	prompt := c.QueryParam("prompt")
	count, limit, kept, err := s.Desk.Tokens(c.QueryParam("model"), prompt)
	if err != nil {
		return refuse(c, err)
	}
	units := len(utf16.Encode([]rune(prompt[:kept])))
	return c.JSON(http.StatusOK, map[string]int{"count": count, "limit": limit, "kept": units})
}

// listLoRAs tells the names that the form offers, and the main LoRA's card.
func (s *Site) listLoRAs(c echo.Context) error {
	names, canAdd := s.Desk.LoRAs()
	card, err := s.Desk.Card("")
	if err != nil {
		return refuse(c, err)
	}
	if names == nil {
		names = []string{}
	}
	return c.JSON(http.StatusOK, map[string]any{"names": names, "upload": canAdd, "main": card})
}

func (s *Site) loraCard(c echo.Context) error {
	card, err := s.Desk.Card(c.Param("name"))
	if err != nil {
		return refuse(c, err)
	}
	return c.JSON(http.StatusOK, card)
}

// addLoRA keeps the request's body as a file of that name. Who may: whoever
// may draw; beyond loopback that takes a token.
func (s *Site) addLoRA(c echo.Context) error {
	name := c.Param("name")
	if err := s.Desk.Add(name, http.MaxBytesReader(c.Response(), c.Request().Body, maxLoRA)); err != nil {
		return refuse(c, err)
	}
	return c.JSON(http.StatusCreated, map[string]string{"name": name})
}

// refuse answers the script in the API's form. A question that comes too early
// is no error, which a browser would report: it is to be asked again.
func refuse(c echo.Context, err error) error {
	status := http.StatusUnprocessableEntity
	switch early := errors.Is(err, ErrNotReady); {
	case early && c.Request().Method == http.MethodGet:
		status = http.StatusAccepted
	case early:
		status = http.StatusServiceUnavailable
	}
	return c.JSON(status, map[string]string{"detail": err.Error()})
}

// noDesk is for a page without an engine of its own.
type noDesk struct{}

func (noDesk) Tokens(string, string) (int, int, int, error) { return 0, 0, 0, ErrNotReady }
func (noDesk) LoRAs() ([]string, bool)                      { return nil, false }
func (noDesk) Card(string) (any, error)                     { return nil, nil }
func (noDesk) Add(string, io.Reader) error                  { return ErrNotReady }
