package prediction_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

func TestCreate(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "a <cat>", func(n *prediction.New) {
		n.CancelAfter = time.Minute
		n.Webhook, n.WebhookEvents = "https://example.com", []string{"completed"}
	})
	if p.Status != prediction.Starting || len(p.ID) != 26 || len(p.StreamToken) != 26 || !p.Deadline.Equal(p.CreatedAt.Add(time.Minute)) {
		t.Errorf("created %+v", p)
	}
	got, err := s.Get(t.Context(), p.ID)
	if err != nil || got.Extra.Queue == nil || got.Extra.Queue.Position != 1 {
		t.Fatalf("queue %+v, error %v", got.Extra.Queue, err)
	}
	got.Extra.Queue = nil
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	if second := s.create(t, "x"); second.ID <= p.ID {
		t.Errorf("id %s does not sort after %s", second.ID, p.ID)
	}
}

func TestCreateRefuses(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.create(t, "x", func(n *prediction.New) { n.ID = "mine" })
	big := json.RawMessage(`{"prompt":"` + strings.Repeat("<", prediction.MaxInput) + `"}`)
	for _, c := range []struct {
		name string
		new  prediction.New
		want error
		text string
	}{
		{"known id", prediction.New{ID: "mine", Input: []byte(`{}`)}, prediction.ErrExists, "create mine: exists already"},
		{"odd id", prediction.New{ID: "a.b*", Input: []byte(`{}`)}, prediction.ErrInvalid, "id must be 1 to 64 letters"},
		{"long id", prediction.New{ID: strings.Repeat("a", 65), Input: []byte(`{}`)}, prediction.ErrInvalid, "id must be 1 to 64 letters"},
		{"big input", prediction.New{Input: big}, prediction.ErrTooLarge, "input holds 524301 bytes, at most 524288 are allowed"},
	} {
		_, err := s.Create(t.Context(), c.new)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	most := json.RawMessage(`{"prompt":"` + strings.Repeat("<", prediction.MaxInput-13) + `"}`)
	p, err := s.Create(t.Context(), prediction.New{Input: most})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Get(t.Context(), p.ID); string(got.Input) != string(most) {
		t.Error("the largest input came back changed")
	}
}

func TestUnknown(t *testing.T) {
	s := newStage(t, prediction.Options{})
	ctx := t.Context()
	for _, id := range []string{"", "nobody", "a.b", "*", ">", "ü", strings.Repeat("a", 5000)} {
		_, getErr := s.Get(ctx, id)
		_, cancelErr := s.Cancel(ctx, id)
		_, waitErr := s.Wait(ctx, id)
		_, _, followErr := s.Follow(ctx, id, 0)
		_, replayErr := s.Replay(ctx, id, 0)
		for _, err := range []error{getErr, cancelErr, waitErr, followErr, replayErr, s.Delete(ctx, id)} {
			if !errors.Is(err, prediction.ErrNotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
}

func TestWaitGivesUp(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "x")
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	got, err := s.Wait(ctx, p.ID)
	if !errors.Is(err, context.DeadlineExceeded) || got.ID != p.ID || got.Status != prediction.Starting {
		t.Errorf("%s %s, error %v", got.ID, got.Status, err)
	}
}

// Waiters, followers before and after the end, all see one end.
func TestFollowToTheEnd(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "x")
	early, previews, err := s.Follow(t.Context(), p.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan int)
	go func() {
		n := 0
		for range previews {
			n++
		}
		seen <- n
	}()
	s.work(t, &predictiontest.Generator{Previews: true}, prediction.Options{})
	var live, past []prediction.Event
	for e := range early {
		live = append(live, e)
	}
	if n := <-seen; n == 0 {
		t.Error("no preview")
	}
	s.wait(t, p.ID, prediction.Succeeded)
	late, previews, err := s.Follow(t.Context(), p.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for e := range late {
		past = append(past, e)
	}
	if _, ok := <-previews; ok {
		t.Error("a preview after the end")
	}
	if diff := cmp.Diff(live, past); diff != "" {
		t.Error(diff)
	}
}

func TestDelete(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	ended := s.wait(t, s.create(t, "x").ID, prediction.Succeeded)
	running := s.create(t, "hang")
	s.reaches(t, running.ID, "processing", processing)
	follower, _, err := s.Follow(t.Context(), running.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	waiting := s.create(t, "x")
	kept := s.create(t, "kept")
	if err := s.Delete(t.Context(), ended.ID, running.ID, waiting.ID); err != nil {
		t.Fatal(err)
	}
	s.wait(t, kept.ID, prediction.Succeeded) // the worker goes on
	for range follower {                     // and the follower is let go
	}
	for _, id := range []string{ended.ID, running.ID, waiting.ID} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, prediction.ErrNotFound) {
			t.Errorf("get after delete: %v", err)
		}
	}
	if _, err := s.Files().Stat(t.Context(), ended.Output[0]); !errors.Is(err, prediction.ErrNotFound) {
		t.Errorf("file after delete: %v", err)
	}
	page, err := s.List(t.Context(), prediction.Query{})
	if err != nil || len(page.Results) != 1 || page.Results[0].ID != kept.ID {
		t.Errorf("%d listed, error %v", len(page.Results), err)
	}
}

// lateTeller still has something to say when its prediction has been deleted.
type lateTeller struct{}

func (lateTeller) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	<-ctx.Done()
	time.Sleep(300 * time.Millisecond)
	s.Log("too late")
	return prediction.Extra{}, ctx.Err()
}

func TestDeleteLeavesNoEvents(t *testing.T) {
	s := newStage(t, prediction.Options{})
	stop := s.work(t, lateTeller{}, prediction.Options{})
	again := func(n *prediction.New) { n.ID = "again" }
	s.create(t, "x", again)
	s.reaches(t, "again", "processing", processing)
	if err := s.Delete(t.Context(), "again"); err != nil {
		t.Fatal(err)
	}
	stop() // waits until the run is over
	s.create(t, "x", again)
	if log, err := s.Replay(t.Context(), "again", 0); err != nil || len(log) != 1 {
		t.Errorf("a new prediction has %d events, error %v", len(log), err)
	}
}

func TestCreateWhileTheCallerLeaves(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	p, err := s.Create(ctx, prediction.New{Model: "a/b", Version: "v", Input: json.RawMessage(`{"prompt":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	s.wait(t, p.ID, prediction.Succeeded)
}
