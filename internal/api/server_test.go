package api

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

func dial(t *testing.T, base string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(40 * time.Second))
	return conn
}

func TestServerSurvives(t *testing.T) {
	e := echo.New()
	Front{Log: quietLog(), Metrics: NewMetrics(), Access: NewAccess(nil)}.Mount(e)
	e.POST("/v1/read", func(c echo.Context) error {
		body, err := readBody(c, maxBody)
		if err != nil {
			return err
		}
		return c.String(200, fmt.Sprint(len(body)))
	})
	e.GET("/v1/panic", func(echo.Context) error { panic("told to") })
	w := &world{t: t, agent: "test", base: listenAndServe(t, e)}
	alive := func() { t.Helper(); w.do(t, "POST", "/v1/read", "abc").is(200).exactly("3") }

	t.Run("10,000 header bytes", func(t *testing.T) {
		w.do(t, "POST", "/v1/read", "abc", "X-Long", strings.Repeat("a", 10_000)).is(431)
		w.do(t, "POST", "/v1/read", "abc", "X-Long", strings.Repeat("a", 4_000)).is(200)
		alive()
	})
	t.Run("panic", func(t *testing.T) {
		r := w.do(t, "GET", "/v1/panic", "").is(500)
		if strings.Contains(r.body, "told to") || !strings.Contains(r.body, r.header.Get("X-Request-Id")) {
			t.Error(r.body)
		}
		alive()
	})
	t.Run("a gigabyte announced", func(t *testing.T) {
		conn := dial(t, w.base)
		fmt.Fprintf(conn, "POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n", 1<<30)
		go io.Copy(conn, io.LimitReader(zeros{}, 1<<30)) // ends when the server hangs up
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != 413 {
			t.Errorf("%v %v", res, err)
		}
		alive()
	})
	t.Run("garbage", func(t *testing.T) {
		conn := dial(t, w.base)
		fmt.Fprintf(conn, "\x00\xff\xfe GARBAGE\r\n\r\n")
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != 400 {
			t.Errorf("%v %v", res, err)
		}
		alive()
	})
	t.Run("body by drips", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes 20 s")
		}
		conn := dial(t, w.base)
		began := time.Now()
		fmt.Fprintf(conn, "POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")
		go func() {
			for range 100 {
				if _, err := conn.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(500 * time.Millisecond)
			}
		}()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if took := time.Since(began); err != nil || res.StatusCode != 400 || took > bodyPatience+5*time.Second {
			t.Errorf("%v %v after %v", res, err, took)
		}
		alive()
	})
}

func TestPatientBodyLeavesTheConnectionUsable(t *testing.T) {
	e := echo.New()
	Front{Log: quietLog(), Metrics: NewMetrics(), Access: NewAccess(nil)}.Mount(e)
	e.POST("/v1/read", func(c echo.Context) error {
		body, err := readBody(c, maxBody)
		if err != nil {
			return err
		}
		select {
		case <-c.Request().Context().Done(): // the deadline must not look like a caller who left
			return c.String(500, "left")
		case <-time.After(50 * time.Millisecond):
		}
		return c.String(200, string(body))
	})
	w := &world{t: t, agent: "test", base: listenAndServe(t, e)}
	for range 3 {
		w.do(t, "POST", "/v1/read", "abc").is(200).exactly("abc")
	}
}

func TestSlowReaderIsLetGo(t *testing.T) {
	e := echo.New()
	e.Use(slowReaders(300 * time.Millisecond))
	let := make(chan error, 1)
	e.GET("/large", func(c echo.Context) error {
		_, err := io.Copy(c.Response(), io.LimitReader(zeros{}, 1<<30))
		let <- err
		return nil
	})
	e.GET("/late", func(c echo.Context) error { // the time counts from the answer on
		time.Sleep(500 * time.Millisecond)
		return c.String(200, "ok")
	})
	w := &world{t: t, agent: "test", base: listenAndServe(t, e)}
	conn := dial(t, w.base)
	fmt.Fprintf(conn, "GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	select {
	case err := <-let:
		if err == nil {
			t.Error("a gigabyte went to nobody")
		}
	case <-time.After(20 * time.Second):
		t.Error("the server waits for a caller who does not read")
	}
	for range 2 {
		w.do(t, "GET", "/late", "").is(200).exactly("ok")
	}
}

// A path may be a capability, so the log of a failure must not have it.
func TestFailuresAreLoggedByRoute(t *testing.T) {
	var log bytes.Buffer
	e := echo.New()
	Front{Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: NewMetrics(), Access: NewAccess(nil)}.Mount(e)
	e.GET("/files/:token/:name", func(echo.Context) error { return errors.New("the disk is gone") })
	w := &world{t: t, agent: "test", base: listenAndServe(t, e)}
	w.do(t, "GET", "/files/capability/out-0.webp", "").is(500)
	if text := log.String(); strings.Contains(text, "capability") || !strings.Contains(text, "the disk is gone") || !strings.Contains(text, "/files/:token/:name") {
		t.Error(text)
	}
}

// A full disk is told plainly, and not where it is.
func TestFullDisk(t *testing.T) {
	e := echo.New()
	Front{Log: quietLog(), Metrics: NewMetrics(), Access: NewAccess(nil)}.Mount(e)
	e.POST("/v1/x", func(echo.Context) error {
		return fmt.Errorf("put file: 3 MiB are free in /data: %w", prediction.ErrFull)
	})
	w := &world{t: t, agent: "test", base: listenAndServe(t, e)}
	w.do(t, "POST", "/v1/x", "").is(507).exactly(`{"detail":"The server's disk is full. Its operator must make room, or keep less (--keep, --keep-bytes).","status":507}`)
}
