// Command clienttest runs replicate-go as it is, with only the base URL changed.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/replicate/replicate-go"
)

var (
	model, version = os.Getenv("EASEL_MODEL"), os.Getenv("EASEL_VERSION")
	small          = replicate.PredictionInput{"prompt": "a fox", "num_inference_steps": 4, "output_format": "png", "megapixels": "0.25", "seed": 7}
)

func main() {
	log.SetFlags(0)
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	client, err := replicate.NewClient(replicate.WithToken("any"), replicate.WithBaseURL(os.Getenv("EASEL_URL")+"/v1"))
	if err != nil {
		log.Fatal(err)
	}
	for name, try := range map[string]func(context.Context, *replicate.Client) error{
		"run": run, "stream": stream, "pages": pages, "files": files, "cancel": cancel, "errors": refused, "webhook": webhook,
	} {
		if err := try(ctx, client); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
	fmt.Println("ok")
}

func with(more replicate.PredictionInput) replicate.PredictionInput {
	in := replicate.PredictionInput{}
	for _, m := range []replicate.PredictionInput{small, more} {
		for k, v := range m {
			in[k] = v
		}
	}
	return in
}

func save(name string, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(data, []byte("\x89PNG")) {
		return fmt.Errorf("%s is no PNG: %.20q", name, data)
	}
	return os.WriteFile(filepath.Join(os.Getenv("OUT"), "go-"+name+".png"), data, 0o600)
}

func run(ctx context.Context, c *replicate.Client) error {
	for name, opts := range map[string][]replicate.RunOption{
		"block": {replicate.WithBlockUntilDone(), replicate.WithFileOutput()}, "poll": {replicate.WithFileOutput()},
	} {
		for _, ref := range []string{model, model + ":" + version} {
			out, err := c.RunWithOptions(ctx, ref, small, nil, opts...)
			if err != nil {
				return err
			}
			if err := save(name, out.([]any)[0].(*replicate.FileOutput)); err != nil {
				return err
			}
		}
	}
	return nil
}

func create(ctx context.Context, c *replicate.Client, in replicate.PredictionInput, hook *replicate.Webhook, stream bool) (*replicate.Prediction, error) {
	return c.CreatePrediction(ctx, version, in, hook, stream)
}

func stream(ctx context.Context, c *replicate.Client) error {
	p, err := create(ctx, c, small, nil, true)
	if err != nil {
		return err
	}
	s, err := c.StreamPredictionFiles(p)
	if err != nil {
		return err
	}
	defer s.Close()
	for n := 0; ; n++ {
		f, err := s.NextFile(ctx)
		if errors.Is(err, io.EOF) && n == 1 {
			return nil
		} else if err != nil {
			return err
		}
		body, err := f.Body(ctx)
		if err != nil {
			return err
		}
		if err := save("stream", body); err != nil {
			return err
		}
	}
}

func pages(ctx context.Context, c *replicate.Client) error {
	first, err := c.ListPredictions(ctx)
	if err != nil {
		return err
	}
	n := 0
	results, failures := replicate.Paginate(ctx, c, first)
	for page := range results {
		n += len(page)
	}
	if err := <-failures; err != nil {
		return err
	}
	if n < 105 { // the test made as many before: more than one page
		return fmt.Errorf("only %d predictions", n)
	}
	if _, err := c.SearchModels(ctx, "flux"); err != nil {
		return err
	}
	if _, err := c.ListHardware(ctx); err != nil {
		return err
	}
	_, err = c.GetCurrentAccount(ctx)
	return err
}

func files(ctx context.Context, c *replicate.Client) error {
	f, err := c.CreateFileFromBytes(ctx, []byte("hello"), &replicate.CreateFileOptions{Filename: "a.txt", ContentType: "text/plain", Metadata: map[string]string{"k": "v"}})
	if err != nil {
		return err
	}
	if f.Size != 5 || f.Metadata["k"] != "v" || f.ContentType != "text/plain" {
		return fmt.Errorf("%+v", f)
	}
	if _, err := c.ListFiles(ctx); err != nil {
		return err
	}
	return c.DeleteFile(ctx, f.ID)
}

func cancel(ctx context.Context, c *replicate.Client) error {
	p, err := create(ctx, c, with(replicate.PredictionInput{"megapixels": "1", "num_inference_steps": 50}), nil, false)
	if err != nil {
		return err
	}
	if p, err = c.CancelPrediction(ctx, p.ID); err != nil {
		return err
	}
	if p.Status != replicate.Canceled {
		return fmt.Errorf("status %s", p.Status)
	}
	return nil
}

func refused(ctx context.Context, c *replicate.Client) error {
	_, err := c.Run(ctx, model, replicate.PredictionInput{}, nil)
	var api *replicate.APIError
	if !errors.As(err, &api) || api.Status != 422 || api.Detail != "- input: prompt is required\n" {
		return fmt.Errorf("got %v", err)
	}
	_, err = c.Run(ctx, model, with(replicate.PredictionInput{"image": "data:text/plain;base64,aGVsbG8="}), nil)
	var failed *replicate.ModelError
	if !errors.As(err, &failed) {
		return fmt.Errorf("got %v", err)
	}
	return nil
}

func webhook(ctx context.Context, c *replicate.Client) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secret, err := c.GetDefaultWebhookSecret(ctx)
	if err != nil {
		return err
	}
	valid := make(chan error, 1)
	go http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ok, err := replicate.ValidateWebhookRequest(r, *secret)
		if err == nil && !ok {
			err = errors.New("the signature is wrong")
		}
		valid <- err
	}))
	hook := &replicate.Webhook{URL: "http://" + l.Addr().String(), Events: []replicate.WebhookEventType{replicate.WebhookEventCompleted}}
	if _, err := create(ctx, c, small, hook, false); err != nil {
		return err
	}
	return <-valid
}
