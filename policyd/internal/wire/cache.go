package wire

import (
	"container/list"
	"sync"

	"declaw.dev/policyd/internal/engine"
)

// cache keeps the policies that were asked for last.
type cache struct {
	mutex    sync.Mutex
	order    *list.List // of *engine.Policy, the newest first
	byID     map[string]*list.Element
	bytes    int
	countMax int
	bytesMax int
}

func newCache(countMax int, bytesMax int) *cache {
	return &cache{order: list.New(), byID: map[string]*list.Element{}, countMax: countMax, bytesMax: bytesMax}
}

func (cache *cache) get(id string) *engine.Policy {
	cache.mutex.Lock()
	defer cache.mutex.Unlock()
	element := cache.byID[id]
	if element == nil {
		return nil
	}
	cache.order.MoveToFront(element)
	return element.Value.(*engine.Policy)
}

func (cache *cache) put(policy *engine.Policy) {
	cache.mutex.Lock()
	defer cache.mutex.Unlock()
	if element := cache.byID[policy.ID]; element != nil {
		cache.order.MoveToFront(element)
		return
	}
	cache.byID[policy.ID] = cache.order.PushFront(policy)
	cache.bytes += policy.Bytes
	for cache.order.Len() > cache.countMax || cache.bytes > cache.bytesMax && cache.order.Len() > 1 {
		oldest := cache.order.Remove(cache.order.Back()).(*engine.Policy)
		delete(cache.byID, oldest.ID)
		cache.bytes -= oldest.Bytes
	}
}
