package api

import (
	"context"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

const (
	pingEvery = 20 * time.Second
	pongWait  = 60 * time.Second // a viewer silent for so long is gone
	maxFrame  = 4 << 10          // viewers have nothing long to say
)

// upgrader leaves the Origin check to Guard, which also knows the public address.
var upgrader = websocket.Upgrader{
	HandshakeTimeout: writeWait, ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10,
	CheckOrigin: func(*http.Request) bool { return true },
}

// socketEvents follows a prediction over a WebSocket: each event is a text
// frame, each preview a binary one (uint32 big-endian step, then the JPEG).
// The socket closes after the last event.
func (a *API) socketEvents(c echo.Context, id string, after uint64) error {
	ctx, stop := context.WithCancel(c.Request().Context()) // a taken-over connection ends no request
	defer stop()
	events, previews, err := a.Service.Follow(ctx, id, after)
	if err != nil {
		return err
	}
	conn, err := upgrader.Upgrade(c.Response(), c.Request(), nil)
	if err != nil {
		return nil // the upgrader has answered
	}
	defer conn.Close()
	defer a.Metrics.viewer("websocket")()
	left := listen(conn)
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-left:
			return nil
		case e, open := <-events:
			if !open {
				return goodbye(conn)
			}
			err = writeFrame(conn, websocket.TextMessage, e)
		case p, open := <-previews:
			if !open {
				previews = nil
				continue
			}
			err = writeFrame(conn, websocket.BinaryMessage, p)
		case <-ping.C:
			err = conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait))
		}
		if err != nil {
			return nil // the viewer left or stopped reading
		}
	}
}

// listen reads, and forgets, what a viewer says, so that pongs and the close
// are seen. The channel closes when the viewer is gone.
func listen(conn *websocket.Conn) <-chan struct{} {
	left := make(chan struct{})
	conn.SetReadLimit(maxFrame)
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(pongWait)) }
	conn.SetPongHandler(alive)
	go func() {
		defer close(left)
		for alive("") == nil {
			if _, _, err := conn.NextReader(); err != nil {
				return
			}
		}
	}()
	return left
}

func writeFrame(conn *websocket.Conn, kind int, v any) (err error) {
	var body []byte
	if p, ok := v.(prediction.Preview); ok {
		body = append(binary.BigEndian.AppendUint32(nil, p.Step), p.JPEG...)
	} else if body, err = marshal(v); err != nil {
		return err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	return conn.WriteMessage(kind, body)
}

func goodbye(conn *websocket.Conn) error {
	text := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "done")
	_ = conn.WriteControl(websocket.CloseMessage, text, time.Now().Add(writeWait))
	return nil
}
