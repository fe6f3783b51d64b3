package api

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

func (w *world) socket(t *testing.T, id, query string) *websocket.Conn {
	t.Helper()
	address := "ws" + strings.TrimPrefix(w.base, "http") + "/v1/predictions/" + id + "/events" + query
	conn, res, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err, res)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// watch reads a socket to its end.
func watch(t *testing.T, conn *websocket.Conn) (events []prediction.Event, previews []prediction.Preview) {
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				t.Errorf("socket ends with %v", err)
			}
			return events, previews
		}
		if kind == websocket.BinaryMessage {
			previews = append(previews, prediction.Preview{Step: binary.BigEndian.Uint32(data), JPEG: data[4:]})
			continue
		}
		var e prediction.Event
		if err := json.Unmarshal(data, &e); err != nil {
			t.Errorf("%s: %v", data, err)
		}
		events = append(events, e)
	}
}

func inOrder(t *testing.T, events []prediction.Event, from uint64) {
	t.Helper()
	for i, e := range events {
		if e.N != from+uint64(i) {
			t.Fatalf("event %d has number %d", i, e.N)
		}
	}
	if len(events) == 0 || events[len(events)-1].Type != prediction.EventDone {
		t.Fatalf("no end in %d events", len(events))
	}
}

func TestSocket(t *testing.T) {
	w := newWorld(t, worldOptions{})
	t.Run("live, then replayed from a number", func(t *testing.T) {
		p := w.create(t, `{"prompt":"x","num_inference_steps":10}`)
		events, previews := watch(t, w.socket(t, str(p["id"]), ""))
		inOrder(t, events, 1)
		if len(previews) == 0 || string(previews[0].JPEG[:2]) != "\xff\xd8" || previews[0].Step == 0 {
			t.Errorf("%d previews", len(previews))
		}
		rest, _ := watch(t, w.socket(t, str(p["id"]), "?after=3"))
		inOrder(t, rest, 4)
	})
	t.Run("unknown prediction", func(t *testing.T) {
		_, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(w.base, "http")+"/v1/predictions/nope/events", nil)
		if err == nil || res.StatusCode != 404 {
			t.Errorf("%v %v", res, err)
		}
	})
	t.Run("frames that are none", func(t *testing.T) {
		p := w.create(t, `{"prompt":"hang"}`)
		for _, junk := range [][]byte{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, make([]byte, 100), {0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
			conn := w.socket(t, str(p["id"]), "")
			conn.NetConn().Write(junk)
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			for {
				if _, _, err := conn.ReadMessage(); err != nil {
					if e, ok := err.(net.Error); ok && e.Timeout() {
						t.Errorf("%v: the server holds on", junk[:2])
					}
					break
				}
			}
		}
		w.cancel(t, str(p["id"]))
		w.do(t, "GET", "/healthz", "").is(200)
	})
	t.Run("many viewers", func(t *testing.T) {
		many := 100
		if os.Getenv("EASEL_SOAK") != "" {
			many = 1000
		}
		blocker := w.create(t, `{"prompt":"hang"}`)
		p := w.create(t, `{"prompt":"x","num_inference_steps":30}`)
		var viewers sync.WaitGroup
		for range many {
			conn := w.socket(t, str(p["id"]), "")
			viewers.Go(func() {
				events, _ := watch(t, conn)
				inOrder(t, events, 1)
			})
		}
		w.cancel(t, str(blocker["id"]))
		began := time.Now()
		viewers.Wait()
		t.Logf("%d viewers saw a run of 33 events in %v", many, time.Since(began))
	})
	t.Run("a viewer who stops reading", func(t *testing.T) {
		// Previews of 256 KiB fill what lies between the two ends in a few steps.
		w := newWorld(t, worldOptions{gen: &predictiontest.Generator{StepTime: 20 * time.Millisecond, Preview: make([]byte, 256<<10)}})
		blocker := w.create(t, `{"prompt":"hang"}`)
		p := w.create(t, `{"prompt":"x","num_inference_steps":50}`)
		stuck := w.socket(t, str(p["id"]), "")
		stuck.NetConn().(*net.TCPConn).SetReadBuffer(1)
		var viewers sync.WaitGroup
		for range 3 {
			conn := w.socket(t, str(p["id"]), "")
			viewers.Go(func() {
				events, previews := watch(t, conn)
				inOrder(t, events, 1)
				if len(previews) < 10 {
					t.Errorf("%d previews", len(previews))
				}
			})
		}
		w.cancel(t, str(blocker["id"]))
		viewers.Wait()
		ended := w.do(t, "GET", "/v1/predictions/"+str(p["id"]), "").json()
		if took := ended["metrics"].(object)["predict_time"].(float64); ended["status"] != "succeeded" || took > 10 {
			t.Errorf("%v after %.1f s", ended["status"], took)
		}
		if body := w.do(t, "GET", "/metrics", "").body; !strings.Contains(body, `easel_viewers{kind="websocket"} 1`+"\n") {
			t.Error("the viewer was not stuck, so this tried nothing")
		}
	})
	t.Run("metrics", func(t *testing.T) {
		running, waiting := w.create(t, `{"prompt":"hang"}`), w.create(t, `{"prompt":"x"}`)
		w.await(t, str(running["id"]), "processing")
		r := w.do(t, "GET", "/metrics", "").is(200)
		w.cancel(t, str(waiting["id"]))
		w.cancel(t, str(running["id"]))
		for _, want := range []string{`easel_viewers{kind="websocket"}`, `route="/v1/models/:owner/:name/predictions"`, `easel_run_seconds_count{outcome="succeeded"}`, "go_goroutines", "easel_waiting 1\n"} {
			if !strings.Contains(r.body, want) {
				t.Errorf("no %s", want)
			}
		}
		w.do(t, "GET", "/v1/none/"+prediction.NewToken(), "").is(404)
		if body := w.do(t, "GET", "/metrics", "").body; strings.Count(body, "/v1/none") > 0 {
			t.Error("paths are counted apart")
		}
	})
}
